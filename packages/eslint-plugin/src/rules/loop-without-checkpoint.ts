import { isInTask } from "../analysis/espalier.ts";
import { enclosingFunction, findInOwnCode, isAwait } from "../analysis/functions.ts";
import { isTrue, walkPaths } from "../analysis/paths.ts";
import { type Context, defineRule, type Node, type Rule } from "../rule.ts";

export const loopWithoutCheckpoint: Rule = defineRule("loop-without-checkpoint", {
  docs: {
    description: "An endless loop needs a checkpoint on every way round.",
    preset: "recommended",
    severity: "warn",
    types: "none",
  },
  messages: {
    never:
      "This loop never waits and never ends: nothing else runs any more, and nothing can cancel it. Add `await checkpoint()`.",
    path: "One way round this loop does not wait: nothing else runs and nothing can cancel it meanwhile. Add `await checkpoint()`.",
  },
  create(context) {
    const check = (loop: Node, body: Node, test: Node | null): void => {
      if ((test !== null && !isTrue(test)) || !isInTask(context, loop)) return;
      if (enclosingFunction(loop)?.async !== true) return;
      const waits = findInOwnCode(context, body, isCheckpoint) !== undefined;
      if (!waits) {
        // A loop that ends by itself is a computation.
        if (!endsByItself(context, body)) context.report({ node: loop, messageId: "never" });
      } else if (hasIdleWay(context, loop, body)) context.report({ node: loop, messageId: "path" });
    };
    return {
      WhileStatement: (node) => {
        check(node, node.body, node.test);
      },
      DoWhileStatement: (node) => {
        check(node, node.body, node.test);
      },
      ForStatement: (node) => {
        check(node, node.body, node.test);
      },
    };
  },
});

function isCheckpoint(node: Node): boolean {
  return isAwait(node) || node.type === "YieldExpression";
}

function endsByItself(context: Context, body: Node): boolean {
  return (
    findInOwnCode(context, body, ({ type }) => /^(Break|Return|Throw)Statement$/.test(type)) !== undefined
  );
}

/** Whether a path comes back to the loop's head without having waited. */
function hasIdleWay(context: Context, loop: Node, body: Node): boolean {
  let idle = false;
  walkPaths<boolean>(body, false, {
    after: (waited, node) => waited || findInOwnCode(context, node, isCheckpoint) !== undefined,
    branch: (waited) => [waited, waited],
    join: (a, b) => a && b,
    leave: (exit, waited) => {
      const goesRound = exit.kind === "end" || (exit.kind === "continue" && isOfLoop(exit.node, loop));
      if (goesRound && !waited) idle = true;
    },
  });
  return idle;
}

/** `continue` without a label, or with the loop's own. */
function isOfLoop(jump: Node, loop: Node): boolean {
  if (jump.type !== "ContinueStatement" || !jump.label) return true;
  return loop.parent?.type === "LabeledStatement" && loop.parent.label.name === jump.label.name;
}
