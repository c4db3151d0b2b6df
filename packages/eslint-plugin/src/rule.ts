import type { TSESLint, TSESTree } from "@typescript-eslint/utils";

/** `none`: types change nothing. `more`: with types it finds more, or spares more. */
export type TypeUse = "none" | "more";
export type Preset = "recommended" | "strict";

/** What a rule sees of the file that is linted. */
export type Context = Readonly<TSESLint.RuleContext<string, readonly unknown[]>>;

export interface RuleDocs {
  /** One sentence: what the rule reports. The README and the rule's page begin with it. */
  readonly description: string;
  /** The smallest preset that has it; `strict` has those of `recommended` too. */
  readonly preset: Preset;
  /** How `recommended` has it; `strict` has all as errors. */
  readonly severity: "error" | "warn";
  readonly types: TypeUse;
}

export interface RuleDefinition {
  readonly docs: RuleDocs;
  readonly messages: Readonly<Record<string, string>>;
  readonly fixable?: "code";
  readonly hasSuggestions?: true;
  readonly schema?: TSESLint.RuleMetaData<string>["schema"];
  readonly defaultOptions?: readonly Readonly<Record<string, unknown>>[];
  create(context: Context): TSESLint.RuleListener;
}

export type Rule = TSESLint.RuleModule<string, readonly unknown[], RuleDocs & { url: string }>;

const pages = "https://github.com/espalier-js/espalier/blob/main/packages/eslint-plugin/docs/rules";

/** Makes ESLint's form of a rule: with its page, and with a schema that takes nothing unless the rule says otherwise. */
export function defineRule(name: string, definition: RuleDefinition): Rule {
  const { docs, messages, fixable, hasSuggestions, schema = [], defaultOptions = [] } = definition;
  return {
    meta: {
      type: "problem",
      docs: { ...docs, url: `${pages}/${name}.md` },
      messages,
      schema,
      defaultOptions: [...defaultOptions],
      ...(fixable === undefined ? {} : { fixable }),
      ...(hasSuggestions === undefined ? {} : { hasSuggestions }),
    },
    create: (context) => definition.create(context),
  } as Rule;
}

/** The one object of options that our rules take, with its defaults (ESLint has filled them in). */
export function optionsOf<T>(context: Context): T {
  return context.options[0] as T;
}

export type Node = TSESTree.Node;
export type { TSESLint, TSESTree };
