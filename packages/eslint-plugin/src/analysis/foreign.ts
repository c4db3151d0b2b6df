// Foreign code knows nothing of Espalier: a wait for it is no checkpoint, raises no `Cancelled`, and is not cut short.
import type { Context, Node, TSESTree } from "../rule.ts";
import { isEspalierModule } from "./exports.ts";
import { bare, isFunction, methodName, valueOfKey } from "./functions.ts";
import { isGlobal, originOf } from "./origin.ts";
import { declarationOf, isSignal } from "./types.ts";

const builtIn =
  /^(node:.*|(assert|child_process|crypto|dns|events|fs|http|https|net|os|readline|stream|timers|tls|util|worker_threads|zlib)(\/promises)?)$/;

function isNodeModule(module: string): boolean {
  return builtIn.test(module);
}

/** The promise that `p.catch(...)`, `p.then(...)` and `p.finally(...)` began with. */
function receiver(node: Node): Node {
  let each = bare(node);
  while (each.type === "CallExpression" && /^(catch|then|finally)$/.test(methodName(each) ?? "")) {
    const callee = bare(each.callee);
    if (callee.type !== "MemberExpression") break;
    each = bare(callee.object);
  }
  return each;
}

/**
 * Whether the wait for a value is certainly foreign: a `new Promise`, an `import()`, a call into the language, Node or,
 * with types, a package that is not ours. Not so when the call is given a signal, or a function that may be ours.
 */
export function isForeignWait(context: Context, awaited: Node): boolean {
  const node = receiver(awaited);
  if (node.type === "ImportExpression") return true;
  if (node.type === "NewExpression") return isGlobal(context, bare(node.callee), "Promise");
  if (node.type !== "CallExpression") return false;
  if (node.arguments.some((argument) => mayLeadBack(context, argument))) return false;
  return isForeignCallee(context, node);
}

function isForeignCallee(context: Context, call: TSESTree.CallExpression): boolean {
  const callee = bare(call.callee);
  if (isGlobal(context, callee, "fetch")) return true;
  if (callee.type === "MemberExpression" && isGlobal(context, bare(callee.object), "Promise")) {
    // Of a combinator it depends on what it combines; `Promise.resolve()` waits for nothing.
    return methodName(call) === "resolve" && call.arguments.length === 0;
  }
  const origin = originOf(context, callee);
  if (origin !== undefined) {
    if (isEspalierModule(origin.module)) return false;
    if (isNodeModule(origin.module)) return true;
  }
  const declared = declarationOf(context, callee);
  return declared !== undefined && isForeignFile(declared.file);
}

function isForeignFile(file: string): boolean {
  const [, installed] = /^[^]*\/node_modules\/([^]*)$/.exec(file) ?? [];
  return installed !== undefined && !isEspalierModule(installed);
}

/** An argument by which cancellation, or code of ours, gets into foreign code. */
function mayLeadBack(context: Context, argument: Node): boolean {
  const node = bare(argument);
  if (isFunction(node) || node.type === "SpreadElement") return true;
  if (node.type === "ObjectExpression") {
    return (
      valueOfKey(node, "signal") !== undefined ||
      node.properties.some((each) => each.type === "Property" && isFunction(each.value))
    );
  }
  if (node.type === "Identifier" && /signal/i.test(node.name)) return true;
  return isSignal(context, node) === true;
}
