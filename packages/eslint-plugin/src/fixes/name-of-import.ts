import { isEspalierModule } from "../analysis/exports.ts";
import { variableNamed } from "../analysis/origin.ts";
import type { Context, Node, TSESLint, TSESTree } from "../rule.ts";

/** How a fix writes one of our names, and what has to be inserted so that it means something. */
export interface ImportedName {
  readonly text: string;
  /** Whether a module that has the name is imported already; without that the fix is only a suggestion. */
  readonly certain: boolean;
  insert(fixer: TSESLint.RuleFixer): TSESLint.RuleFix[];
}

/**
 * Finds or makes the import of `name`: what is imported, an alias or a namespace first; else it is added to an import of
 * the same package or of the umbrella. `undefined`: the name means something else here.
 */
export function nameOfImport(
  context: Context,
  place: Node,
  name: string,
  owner: string,
): ImportedName | undefined {
  const modules = [owner, "espalier", owner.replace("@espalier/", "espalier/")];
  const declarations = context.sourceCode.ast.body.filter(
    (each) => each.type === "ImportDeclaration" && isEspalierModule(each.source.value),
  ) as TSESTree.ImportDeclaration[];
  for (const declaration of declarations) {
    for (const specifier of declaration.specifiers) {
      const isIt =
        specifier.type === "ImportSpecifier" &&
        specifier.importKind !== "type" &&
        declaration.importKind !== "type" &&
        specifier.imported.type === "Identifier" &&
        specifier.imported.name === name;
      const isNamespace =
        specifier.type === "ImportNamespaceSpecifier" &&
        declaration.importKind !== "type" &&
        modules.includes(declaration.source.value);
      if ((isIt || isNamespace) && means(context, place, specifier.local)) {
        const text = isIt ? specifier.local.name : `${specifier.local.name}.${name}`;
        return { text, certain: true, insert: () => [] };
      }
    }
  }
  if (isTaken(context, place, name)) return undefined;
  const host = declarations.find(
    (each) =>
      each.importKind !== "type" &&
      modules.includes(each.source.value) &&
      each.specifiers.some(({ type }) => type === "ImportSpecifier"),
  );
  const last = host?.specifiers.at(-1);
  if (last !== undefined) {
    return { text: name, certain: true, insert: (fixer) => [fixer.insertTextAfter(last, `, ${name}`)] };
  }
  const umbrella = declarations.some(({ source }) => source.value === "espalier");
  const line = `import { ${name} } from "${umbrella ? "espalier" : owner}";\n`;
  const certain = declarations.some(({ source }) => modules.includes(source.value));
  const [first] = context.sourceCode.ast.body;
  return {
    text: name,
    certain,
    insert: (fixer) => (first === undefined ? [] : [fixer.insertTextBefore(first, line)]),
  };
}

/** Whether the local name of an import still means the import where the fix writes it. */
function means(context: Context, place: Node, local: TSESTree.Identifier): boolean {
  const variable = variableNamed(context, place, local.name);
  return variable?.identifiers.includes(local) === true;
}

function isTaken(context: Context, place: Node, name: string): boolean {
  const variable = variableNamed(context, place, name);
  return variable !== undefined && variable.defs.length > 0;
}

/** A name like `error` that is free where the fix writes it. */
export function freeName(context: Context, place: Node, wanted: string): string {
  let name = wanted;
  for (let count = 2; variableNamed(context, place, name) !== undefined; count++) name = `${wanted}${count}`;
  return name;
}

/** Reports with a fix where that is certain, else with a suggestion to take by hand. */
export function fixOrSuggestion(
  imported: ImportedName | undefined,
  suggestion: string,
  fix: (fixer: TSESLint.RuleFixer, imported: ImportedName) => TSESLint.RuleFix[],
): {
  fix?: TSESLint.ReportFixFunction;
  suggest?: TSESLint.SuggestionReportDescriptor<string>[];
} {
  if (imported === undefined) return {};
  const apply = (fixer: TSESLint.RuleFixer) => [...imported.insert(fixer), ...fix(fixer, imported)];
  return imported.certain ? { fix: apply } : { suggest: [{ messageId: suggestion, fix: apply }] };
}
