import plugin from "@espalier/eslint-plugin";
import * as parser from "@typescript-eslint/parser";
import { RuleTester as RuleTester10 } from "eslint";
import { RuleTester as RuleTester9 } from "eslint9";
import { describe, it } from "vitest";
import { namedCases, type NamedCase } from "./all-cases.ts";
import { whole } from "./case.ts";
import { pathOf, programOf } from "./compiler.ts";

const texts = new Map(namedCases.map(({ name, code }) => [pathOf(name), whole(code)]));
const program = programOf(texts);

/** One TypeScript program for all cases. What a fix made of one is in none, and is only parsed. */
const typedParser = {
  meta: { name: "typed", version: "1" },
  parseForESLint(code: string, options: { filePath?: string }) {
    const inProgram = texts.get(options.filePath ?? "") === code;
    return parser.parseForESLint(code, { ...options, ...(inProgram ? { programs: [program] } : {}) });
  },
};

const testers = { "ESLint 9": RuleTester9 as unknown as typeof RuleTester10, "ESLint 10": RuleTester10 };
const rules = plugin.rules as Record<string, Parameters<RuleTester10["run"]>[1]>;

function forTester(each: NamedCase, typed: boolean): object {
  const { code, options, settings, name, invalid } = each;
  return {
    name: `${name}: ${code.trim().split("\n").at(-1) ?? ""}`,
    filename: typed ? pathOf(name) : `${name}.ts`,
    code: whole(code),
    ...(options ? { options: [...options] } : {}),
    ...(settings ? { settings } : {}),
    ...(invalid && {
      output: invalid.output === undefined ? null : whole(invalid.output),
      errors: invalid.errors.map((messageId, index) => ({
        messageId,
        suggestions:
          index === 0 && invalid.suggestion !== undefined
            ? [{ messageId: suggestionOf(each.rule), output: whole(invalid.suggestion) }]
            : [],
      })),
    }),
  };
}

/** Our rules have one suggestion each, if any. */
function suggestionOf(rule: string): string {
  const offered = ["rethrow", "replace", "pass", "checkpoint", "forever"];
  return offered.find((id) => rules[rule]?.meta?.messages?.[id] !== undefined) ?? "";
}

for (const [version, Tester] of Object.entries(testers)) {
  Tester.describe = describe;
  Tester.it = it;
  for (const typed of [false, true]) {
    describe(`${version}, ${typed ? "with" : "without"} types`, () => {
      const languageOptions = { parser: typed ? typedParser : parser };
      const tester = new Tester({ languageOptions } as never);
      for (const [name, rule] of Object.entries(rules)) {
        const cases = namedCases.filter(
          (each) => each.rule === name && each.only !== (typed ? "untyped" : "typed"),
        );
        tester.run(name, rule, {
          valid: cases.filter(({ invalid }) => !invalid).map((each) => forTester(each, typed)),
          invalid: cases.filter(({ invalid }) => invalid).map((each) => forTester(each, typed)),
        } as never);
      }
    });
  }
}
