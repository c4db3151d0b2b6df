import { methodOfOurs } from "../analysis/espalier.ts";
import type { FunctionNode } from "../analysis/functions.ts";
import { declaredVariables, functionOf } from "../analysis/origin.ts";
import { type Context, defineRule, type Rule } from "../rule.ts";

export const startedNeverCalled: Rule = defineRule("started-never-called", {
  docs: {
    description: "`nursery.start` waits until its function calls `started`.",
    preset: "recommended",
    severity: "error",
    types: "more",
  },
  messages: {
    never:
      "`nursery.start` returns when its function calls `started`, and this one never does. Call it when the task is ready, or " +
      "use `startSoon`.",
  },
  create(context) {
    return {
      CallExpression(call) {
        if (methodOfOurs(context, call) !== "start") return;
        const [given] = call.arguments;
        const fn = given === undefined ? undefined : functionOf(context, given);
        if (given !== undefined && fn !== undefined && !usesStarted(context, fn)) {
          context.report({ node: given, messageId: "never" });
        }
      },
    };
  },
});

/** Whether the parameter is called, or passed to somebody who may. */
function usesStarted(context: Context, fn: FunctionNode): boolean {
  const [param] = fn.params;
  // `arguments` is a way to it as well.
  if (param === undefined) {
    return context.sourceCode.getText(fn.body).includes("arguments");
  }
  const name = param.type === "AssignmentPattern" ? param.left : param;
  if (name.type !== "Identifier") return true;
  const variable = declaredVariables(context, fn).find((each) => each.identifiers.includes(name));
  return variable === undefined || variable.references.some((each) => each.isRead());
}
