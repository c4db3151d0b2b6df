import type { Context, Node } from "../rule.ts";
import { timeLimits, uninterrupted } from "./exports.ts";
import { bare, enclosingFunctions, methodName, valueOfKey } from "./functions.ts";
import { blockOf, calledName, espalierName, methodOfOurs } from "./espalier.ts";
import { isForeignWait } from "./foreign.ts";
import { variableOf } from "./origin.ts";

/** Methods that release first and wait afterwards, so that they do their work in a cancelled scope too. */
const closes = new Set(["aclose", "close", "[Symbol.asyncDispose]", "return", "dispose"]);

/** Whether a cancelled scope would cut a wait short: it may be a checkpoint, and no shield is round it. */
export function isInterrupted(context: Context, wait: Node): boolean {
  if (isShielded(context, wait)) return false;
  if (wait.type === "VariableDeclaration") return false;
  if (wait.type === "ForOfStatement") return true;
  if (wait.type !== "AwaitExpression") return false;
  const awaited = bare(wait.argument);
  if (awaited.type !== "CallExpression") return false;
  const name = calledName(context, awaited);
  if (name !== undefined) {
    return !uninterrupted.has(name) && !(timeLimits.has(name) && hasShield(context, awaited.arguments[2]));
  }
  const callee = bare(awaited.callee);
  if (callee.type === "MemberExpression") {
    if (closes.has(methodName(awaited) ?? "") || isAsyncDispose(callee.property)) return false;
    if (methodOfOurs(context, awaited) === "scope.run" && isShieldedScope(context, callee.object))
      return false;
  }
  return !isForeignWait(context, awaited);
}

function isAsyncDispose(node: Node): boolean {
  return (
    node.type === "MemberExpression" &&
    node.property.type === "Identifier" &&
    node.property.name === "asyncDispose"
  );
}

/** Whether a node stands in a body that a shield is round. */
function isShielded(context: Context, node: Node): boolean {
  for (const fn of enclosingFunctions(node)) {
    const block = blockOf(context, fn);
    if (block === undefined) continue;
    const { kind, call } = block;
    if (kind === "shielded" || kind === "detached") return true;
    if (timeLimits.has(kind) && hasShield(context, call.arguments[2])) return true;
    const callee = bare(call.callee);
    if (kind === "scope.run" && callee.type === "MemberExpression" && isShieldedScope(context, callee.object))
      return true;
  }
  return false;
}

function hasShield(context: Context, options: Node | undefined): boolean {
  if (options === undefined) return false;
  const value = valueOfKey(options, "shield");
  if (value === undefined) return false;
  return value === "unknown" || !(value.type === "Literal" && value.value === false);
}

/** `new CancelScope({ shield: true })`, here or where the variable was made. */
function isShieldedScope(context: Context, expression: Node): boolean {
  const node = bare(expression);
  if (node.type === "NewExpression") {
    return espalierName(context, node.callee) === "CancelScope" && hasShield(context, node.arguments[0]);
  }
  const definition = variableOf(context, node)?.defs[0]?.node as Node | undefined;
  return definition?.type === "VariableDeclarator" && definition.init
    ? isShieldedScope(context, definition.init)
    : false;
}
