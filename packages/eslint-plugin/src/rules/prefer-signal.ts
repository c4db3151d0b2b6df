import { calledName, isInTask } from "../analysis/espalier.ts";
import { bare, valueOfKey } from "../analysis/functions.ts";
import { isGlobal, originOf } from "../analysis/origin.ts";
import { isSignal, signalParameter } from "../analysis/types.ts";
import { nameOfImport } from "../fixes/name-of-import.ts";
import { type Context, defineRule, type Rule, type TSESLint, type TSESTree } from "../rule.ts";

/** Where Node's functions have their options, for files without types. */
const optionsAt: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "timers/promises": { setTimeout: 2, setInterval: 2, setImmediate: 1 },
  events: { once: 2, on: 2 },
  "fs/promises": { readFile: 1, writeFile: 2, appendFile: 2, watch: 1 },
  "stream/promises": { finished: 1 },
  "readline/promises": {},
};

export const preferSignal: Rule = defineRule("prefer-signal", {
  docs: {
    description: "A call that takes an AbortSignal and gets none cannot be cancelled.",
    preset: "recommended",
    severity: "warn",
    types: "more",
  },
  messages: {
    signal:
      "This takes an AbortSignal: pass `{ signal: currentSignal() }`, or a cancelled scope waits for it to end.",
    pass: "Pass `currentSignal()`.",
  },
  hasSuggestions: true,
  create(context) {
    const check = (awaited: TSESTree.Node): void => {
      const call = bare(awaited);
      if (call.type !== "CallExpression" || !isInTask(context, call)) return;
      if (calledName(context, call) !== undefined) return;
      const place = knownPlace(context, call) ?? signalParameter(context, call);
      if (place === undefined || hasSignal(context, call, place)) return;
      context.report({ node: call, messageId: "signal", ...passSignal(context, call, place) });
    };
    return {
      AwaitExpression: ({ argument }) => {
        check(argument);
      },
      ForOfStatement(node) {
        if (node.await) check(node.right);
      },
    };
  },
});

function knownPlace(context: Context, call: TSESTree.CallExpression): number | undefined {
  const callee = bare(call.callee);
  if (isGlobal(context, callee, "fetch")) return 1;
  const origin = originOf(context, callee);
  if (origin?.name === undefined) return undefined;
  return optionsAt[origin.module.replace(/^node:/, "")]?.[origin.name];
}

/** Whether a signal is passed, or may be: inside of options that the file does not spell out. */
function hasSignal(context: Context, call: TSESTree.CallExpression, place: number): boolean {
  if (call.arguments.some((each) => each.type === "SpreadElement" || isSignal(context, each) === true))
    return true;
  const options = call.arguments[place];
  if (options === undefined) {
    // A Request brings its own.
    const [first] = call.arguments;
    return first?.type === "NewExpression" && isGlobal(context, first.callee, "Request");
  }
  return bare(options).type !== "Literal" && valueOfKey(options, "signal") !== undefined;
}

function passSignal(
  context: Context,
  call: TSESTree.CallExpression,
  place: number,
): { suggest?: TSESLint.SuggestionReportDescriptor<string>[] } {
  const imported = nameOfImport(context, call, "currentSignal", "@espalier/cancel-scope");
  const options = call.arguments[place];
  const last = call.arguments.at(-1);
  if (imported === undefined || last === undefined) return {};
  const signal = `signal: ${imported.text}()`;
  const fix = (fixer: TSESLint.RuleFixer): TSESLint.RuleFix[] => {
    const inserted = imported.insert(fixer);
    if (options?.type === "ObjectExpression") {
      const [first] = options.properties;
      const brace = context.sourceCode.getFirstToken(options)!;
      return [
        ...inserted,
        first === undefined
          ? fixer.insertTextAfter(brace, ` ${signal} `)
          : fixer.insertTextBefore(first, `${signal}, `),
      ];
    }
    const missing = ", undefined".repeat(place - call.arguments.length);
    return [...inserted, fixer.insertTextAfter(last, `${missing}, { ${signal} }`)];
  };
  const fits = options === undefined || options.type === "ObjectExpression";
  return fits ? { suggest: [{ messageId: "pass", fix }] } : {};
}
