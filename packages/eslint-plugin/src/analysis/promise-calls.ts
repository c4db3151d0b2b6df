import type { Context, Node, TSESTree } from "../rule.ts";
import { espalierName, methodOfOurs } from "./espalier.ts";
import { noNeedToAwait, promisesFrom } from "./exports.ts";
import { bare, methodName } from "./functions.ts";
import { functionOf, isGlobal } from "./origin.ts";
import { givesPromise, isPromise } from "./types.ts";

/** Whether a value, when called, gives a promise: an async function, inline or declared in the file; with types, any. */
export function isAsyncFunction(context: Context, value: Node): boolean {
  const node = bare(value);
  const fn = functionOf(context, node);
  if (fn !== undefined) return fn.async && !fn.generator;
  if (node.type !== "Identifier" && node.type !== "MemberExpression") return false;
  return givesPromise(context, node) === true;
}

/** Whether a call starts asynchronous work that somebody has to wait for, and who says so. */
export function startsWork(context: Context, call: TSESTree.CallExpression): boolean {
  const name = espalierName(context, call.callee);
  if (name !== undefined) return promisesFrom.has(name) && !noNeedToAwait.has(name);
  const method = methodOfOurs(context, call);
  if (method !== undefined) return method !== "startSoon";
  // `import()` apart, a promise that has ended is no work.
  const callee = bare(call.callee);
  if (
    callee.type === "MemberExpression" &&
    isGlobal(context, bare(callee.object), "Promise") &&
    /^(resolve|reject|withResolvers)$/.test(methodName(call) ?? "")
  ) {
    return false;
  }
  return isAsyncFunction(context, callee) || isPromise(context, call) === true;
}

/** The call that `f().catch(...)`, `f().then(...)` and `f().finally(...)` begin with. */
export function beginning(node: Node): TSESTree.CallExpression | undefined {
  let each = bare(node);
  while (each.type === "CallExpression" && /^(catch|then|finally)$/.test(methodName(each) ?? "")) {
    const callee = bare(each.callee);
    if (callee.type !== "MemberExpression") return undefined;
    each = bare(callee.object);
  }
  return each.type === "CallExpression" ? each : undefined;
}
