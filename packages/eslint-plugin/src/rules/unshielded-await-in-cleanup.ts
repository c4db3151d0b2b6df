import { handlerOf } from "../analysis/caught-error.ts";
import { espalierName, isTaskCode } from "../analysis/espalier.ts";
import { bare, isAwait, isFunction, visitOwnCode } from "../analysis/functions.ts";
import { isInterrupted } from "../analysis/interrupted.ts";
import { variableOf } from "../analysis/origin.ts";
import { type Context, defineRule, type Node, type Rule } from "../rule.ts";

export const unshieldedAwaitInCleanup: Rule = defineRule("unshielded-await-in-cleanup", {
  docs: {
    description: "Cleanup that waits needs `shielded`, or it is cut short where it is needed.",
    preset: "recommended",
    severity: "error",
    types: "more",
  },
  messages: {
    cleanup:
      "In a cancelled scope this wait raises `Cancelled` at once, and the rest of the {{place}} is skipped. Write " +
      "`await shielded(async () => { ... }, { graceMs })`.",
  },
  create(context) {
    if (!isTaskCode(context)) return {};
    const reported = new Set<Node>();
    const check = (code: Node, place: string): void => {
      visitOwnCode(context, code, (node) => {
        if (isAwait(node) && !reported.has(node) && isInterrupted(context, node)) {
          reported.add(node);
          context.report({ node, messageId: "cleanup", data: { place } });
        }
        return undefined;
      });
    };
    return {
      TryStatement({ finalizer }) {
        if (finalizer) check(finalizer, "`finally`");
      },
      CatchClause(node) {
        const { param } = handlerOf(node);
        if (param?.type !== "Identifier") return;
        visitOwnCode(context, node.body, (each) => {
          if (each.type === "IfStatement" && asksIfCancelled(context, each.test, param)) {
            check(each.consequent, "handler of `Cancelled`");
          }
          return undefined;
        });
      },
      "MethodDefinition, Property, PropertyDefinition"(node: Node) {
        if (
          node.type !== "MethodDefinition" &&
          node.type !== "Property" &&
          node.type !== "PropertyDefinition"
        )
          return;
        if (node.value && isFunction(node.value) && isAsyncDispose(node.key))
          check(node.value.body, "disposal");
      },
    };
  },
});

/** `isCancelled(error)`, `error instanceof Cancelled`, alone or with more conditions. */
function asksIfCancelled(context: Context, condition: Node, param: Node): boolean {
  const test = bare(condition);
  if (test.type === "LogicalExpression" && test.operator === "&&") {
    return asksIfCancelled(context, test.left, param) || asksIfCancelled(context, test.right, param);
  }
  const isParam = (node: Node | undefined): boolean =>
    node !== undefined &&
    param.type === "Identifier" &&
    node.type === "Identifier" &&
    node.name === param.name &&
    variableOf(context, node) !== undefined;
  if (test.type === "CallExpression") {
    return espalierName(context, test.callee) === "isCancelled" && isParam(test.arguments[0]);
  }
  return (
    test.type === "BinaryExpression" &&
    test.operator === "instanceof" &&
    isParam(test.left) &&
    espalierName(context, test.right) === "Cancelled"
  );
}

function isAsyncDispose(key: Node): boolean {
  return (
    key.type === "MemberExpression" &&
    key.property.type === "Identifier" &&
    key.property.name === "asyncDispose"
  );
}
