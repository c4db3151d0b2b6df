import { blockOf } from "../analysis/espalier.ts";
import { timeLimits } from "../analysis/exports.ts";
import { findInOwnCode, type InlineFunction, isAwait } from "../analysis/functions.ts";
import { type Context, defineRule, type Node, type Rule } from "../rule.ts";

export const scopeWithoutCheckpoint: Rule = defineRule("scope-without-checkpoint", {
  docs: {
    description: "A time limit round code that never waits limits nothing.",
    preset: "recommended",
    severity: "error",
    types: "none",
  },
  messages: {
    idle: "Nothing in this block waits, so `{{name}}` can never end it. Remove it, or add `await checkpoint()`.",
  },
  create(context) {
    const check = (fn: InlineFunction): void => {
      const block = blockOf(context, fn);
      if (block === undefined || !(timeLimits.has(block.kind) || block.kind === "scope.run")) return;
      if (mayWait(context, fn)) return;
      const name = block.kind === "scope.run" ? "CancelScope.run" : block.kind;
      context.report({ node: block.call.callee, messageId: "idle", data: { name } });
    };
    return { ArrowFunctionExpression: check, FunctionExpression: check };
  },
});

/** Whether a body waits, or gives a promise (which the block waits for), or may. */
function mayWait(context: Context, fn: InlineFunction): boolean {
  if (fn.body.type !== "BlockStatement")
    return fn.body.type !== "Literal" && fn.body.type !== "TemplateLiteral";
  return (
    findInOwnCode(
      context,
      fn.body,
      (node) => isAwait(node) || (node.type === "ReturnStatement" && mayBePromise(node.argument)),
    ) !== undefined
  );
}

function mayBePromise(value: Node | null): boolean {
  return value !== null && !/^(Literal|TemplateLiteral|ObjectExpression|ArrayExpression)$/.test(value.type);
}
