import { isInTask, methodOfOurs, calledName } from "../analysis/espalier.ts";
import { bare, methodName } from "../analysis/functions.ts";
import { isGlobal, originOf } from "../analysis/origin.ts";
import { isAsyncFunction } from "../analysis/promise-calls.ts";
import { type Context, defineRule, type Node, type Rule, type TSESTree } from "../rule.ts";

const timers = ["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "requestAnimationFrame"];
const listeners = new Set([
  "on",
  "once",
  "addListener",
  "prependListener",
  "prependOnceListener",
  "addEventListener",
]);

export const noUnstructuredSpawn: Rule = defineRule("no-unstructured-spawn", {
  docs: {
    description: "An async callback of a timer, an emitter or `forEach` is a task outside every nursery.",
    preset: "recommended",
    severity: "error",
    types: "more",
  },
  messages: {
    timer:
      "Nobody waits for what `{{name}}` calls. Write `nursery.startSoon(async () => { await sleep(ms); ... })`.",
    listener:
      "Nobody waits for an async listener, and its error is lost. Read the events in a task, with " +
      "`fromEvents(...)` and `for await`, or start a child for each in a nursery.",
    each: "`forEach` does not wait. Write `for (const ... of ...)`, or `mapConcurrent(...)`.",
    executor: "The error of an async executor is lost. Write an async function, or `withSignal(...)`.",
  },
  create(context) {
    const report = (
      callback: Node | undefined,
      messageId: string,
      data: Record<string, string> = {},
    ): void => {
      if (callback === undefined || !isInTask(context, callback) || !isAsyncFunction(context, callback))
        return;
      context.report({ node: callback, messageId, data });
    };
    return {
      CallExpression(call) {
        if (calledName(context, call) !== undefined || methodOfOurs(context, call) !== undefined) return;
        const [first, second] = call.arguments;
        const timer = timerOf(context, call);
        if (timer !== undefined) return report(first, "timer", { name: timer });
        const method = methodName(call) ?? "";
        if (listeners.has(method) && call.arguments.length >= 2) report(second, "listener");
        else if (method === "forEach" && first !== undefined && call.arguments.length <= 2)
          report(first, "each");
      },
      NewExpression(node) {
        if (isGlobal(context, bare(node.callee), "Promise")) report(node.arguments[0], "executor");
      },
    };
  },
});

function timerOf(context: Context, { callee }: TSESTree.CallExpression): string | undefined {
  const node = bare(callee);
  const name = timers.find((each) => isGlobal(context, node, each));
  if (name !== undefined) return name;
  if (node.type === "MemberExpression" && isGlobal(context, node.object, "process")) {
    return node.property.type === "Identifier" && node.property.name === "nextTick" ? "nextTick" : undefined;
  }
  const origin = originOf(context, node);
  return origin?.name !== undefined && /^(node:)?timers$/.test(origin.module) ? origin.name : undefined;
}
