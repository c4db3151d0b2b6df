import { blockOf } from "../analysis/espalier.ts";
import { timeLimits } from "../analysis/exports.ts";
import { isForeignWait } from "../analysis/foreign.ts";
import { enclosingFunction, enclosingFunctions } from "../analysis/functions.ts";
import { type Context, defineRule, type Node, type Rule } from "../rule.ts";

export const noForeignAwaitInScope: Rule = defineRule("no-foreign-await-in-scope", {
  docs: {
    description: "A time limit cannot end the wait for a foreign promise.",
    preset: "strict",
    severity: "error",
    types: "more",
  },
  messages: {
    foreign:
      "A foreign promise cannot be interrupted: when the scope is cancelled, it is waited for all the same. Pass a signal " +
      "(`currentSignal()`, `withSignal`), or stop waiting with `abandonOnCancel(...)`.",
  },
  create(context) {
    return {
      AwaitExpression(node) {
        if (isUnderLimit(context, node) && isForeignWait(context, node.argument)) {
          context.report({ node, messageId: "foreign" });
        }
      },
    };
  },
});

/** Whether a time limit or a cancel scope is round a node, with no shield and no function of the user's in between. */
function isUnderLimit(context: Context, node: Node): boolean {
  for (const fn of enclosingFunctions(node)) {
    const kind = blockOf(context, fn)?.kind;
    if (kind === undefined || kind === "shielded" || kind === "detached" || kind === "withSignal")
      return false;
    if (timeLimits.has(kind) || kind === "scope.run") return true;
    if (enclosingFunction(fn) === undefined) return false;
  }
  return false;
}
