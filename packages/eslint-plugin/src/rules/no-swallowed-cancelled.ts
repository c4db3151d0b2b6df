import { handlerOf, type Handler, leaksOf } from "../analysis/caught-error.ts";
import { isTaskCode } from "../analysis/espalier.ts";
import { findInOwnCode, isAtTopLevel, isAwait, isInlineFunction, methodName } from "../analysis/functions.ts";
import { isForeignWait } from "../analysis/foreign.ts";
import { isPromise } from "../analysis/types.ts";
import { fixOrSuggestion, freeName, nameOfImport } from "../fixes/name-of-import.ts";
import {
  type Context,
  defineRule,
  type Node,
  optionsOf,
  type Rule,
  type TSESLint,
  type TSESTree,
} from "../rule.ts";

interface Options {
  readonly rethrowFunctions: readonly string[];
}

export const noSwallowedCancelled: Rule = defineRule("no-swallowed-cancelled", {
  docs: {
    description: "A `catch` round an `await` has to let `Cancelled` go on.",
    preset: "recommended",
    severity: "error",
    types: "more",
  },
  messages: {
    swallowed:
      "Every `catch` catches `Cancelled`, and a path of this one ends without raising it again. Begin with " +
      "`rethrowIfCancelled({{error}})`.",
    rethrow: "Let a `Cancelled` go on.",
  },
  fixable: "code",
  hasSuggestions: true,
  schema: [
    {
      type: "object",
      properties: { rethrowFunctions: { type: "array", items: { type: "string" }, uniqueItems: true } },
      additionalProperties: false,
    },
  ],
  defaultOptions: [{ rethrowFunctions: [] }],
  create(context) {
    if (!isTaskCode(context)) return {};
    const rethrows = new Set(optionsOf<Options>(context).rethrowFunctions);

    const check = (handler: Handler, at: Node): void => {
      // Nothing can cancel what is in no scope, and what is in one of the block's own is caught by that.
      if (isAtTopLevel(handler.node)) return;
      if (leaksOf(context, handler, rethrows).length === 0) return;
      const { param } = handler;
      const error = param?.type === "Identifier" ? param.name : "error";
      context.report({ node: at, messageId: "swallowed", data: { error }, ...rethrowing(context, handler) });
    };

    return {
      TryStatement({ block, handler }) {
        if (!handler) return;
        const waits = findInOwnCode(context, block, (node) => isAwait(node) && mayRaise(context, node));
        if (waits === undefined) return;
        // Core JavaScript hides the whole of it: a `return` in `finally` is what `no-unsafe-finally` reports.
        check(handlerOf(handler), firstToken(context, handler));
      },
      CallExpression(call) {
        const method = methodName(call);
        const given =
          method === "catch" ? call.arguments[0] : method === "then" ? call.arguments[1] : undefined;
        if (!isInlineFunction(given) || call.callee.type !== "MemberExpression") return;
        // Where nobody looks at the outcome, `p.catch(() => {})` only says that `p` may reject.
        if (isDropped(call)) return;
        const { object } = call.callee;
        if (isPromise(context, object) === false || isForeignWait(context, object)) return;
        check(handlerOf(given), call.callee.property);
      },
    };
  },
});

function firstToken(context: Context, handler: TSESTree.CatchClause): Node {
  return (context.sourceCode.getFirstToken(handler) ?? handler) as unknown as Node;
}

/** Whether nobody gets what a call gives, as in `p.catch(() => {});` and in `void p.catch(() => {})`. */
function isDropped(call: Node): boolean {
  let node = call.parent;
  while (
    node &&
    /^(ChainExpression|UnaryExpression|MemberExpression|CallExpression|TS.*Expression)$/.test(node.type)
  ) {
    // `p.then(f, g).finally(h);` is a chain that ends as a statement; an argument of a call is not.
    if (node.type === "UnaryExpression" && node.operator !== "void") return false;
    if (node.type === "CallExpression" && !/^(catch|then|finally)$/.test(methodName(node) ?? ""))
      return false;
    node = node.parent;
  }
  return node?.type === "ExpressionStatement";
}

/** Whether a wait can raise `Cancelled` at all. */
function mayRaise(context: Context, wait: Node): boolean {
  return wait.type !== "AwaitExpression" || !isForeignWait(context, wait.argument);
}

function rethrowing(context: Context, handler: Handler): ReturnType<typeof fixOrSuggestion> {
  const { node, param, body } = handler;
  if (param !== undefined && param.type !== "Identifier") return {};
  const name = "rethrowIfCancelled";
  return fixOrSuggestion(
    nameOfImport(context, body, name, "@espalier/core"),
    "rethrow",
    (fixer, imported) => {
      const error = param?.name ?? freeName(context, body, "error");
      const call = `${imported.text}(${error});`;
      const named = param === undefined ? [nameParameter(context, fixer, node, error)] : [];
      if (body.type === "BlockStatement") {
        const [first] = body.body;
        if (first !== undefined)
          return [...named, fixer.insertTextBefore(first, `${call}\n${indent(context, first)}`)];
        const brace = context.sourceCode.getFirstToken(body)!;
        return [...named, fixer.insertTextAfter(brace, ` ${call} `)];
      }
      const isParenthesised = context.sourceCode.getTokenBefore(body)?.value === "(";
      const open = isParenthesised ? context.sourceCode.getTokenBefore(body)! : body;
      const close = isParenthesised ? context.sourceCode.getTokenAfter(body)! : body;
      return [
        ...named,
        fixer.replaceTextRange([open.range[0], body.range[0]], `{ ${call} return (`),
        fixer.replaceTextRange([body.range[1], close.range[1]], "); }"),
      ];
    },
  );
}

/** `catch {` becomes `catch (error) {`, `() =>` becomes `(error) =>`. */
function nameParameter(
  context: Context,
  fixer: TSESLint.RuleFixer,
  node: Handler["node"],
  error: string,
): TSESLint.RuleFix {
  if (node.type === "CatchClause")
    return fixer.insertTextAfter(context.sourceCode.getFirstToken(node)!, ` (${error})`);
  const open = context.sourceCode.getFirstToken(node, (token) => token.value === "(")!;
  return fixer.insertTextAfter(open, error);
}

function indent(context: Context, node: Node): string {
  const line = context.sourceCode.lines[node.loc.start.line - 1] ?? "";
  const [blank = ""] = /^\s*/.exec(line) ?? [];
  // All on one line: no new one.
  return blank.length === node.loc.start.column ? blank : "";
}
