import type { Context, Node, TSESLint, TSESTree } from "../rule.ts";
import { calledName, espalierName } from "./espalier.ts";
import { bare, findInOwnCode, isInlineFunction, methodName, propertyName } from "./functions.ts";
import { declaredVariables, functionOf, isGlobal, variableOf } from "./origin.ts";
import { walkPaths } from "./paths.ts";

/** Code that gets an error: a `catch` clause, or the function that `.catch()` was given. */
export interface Handler {
  readonly node: TSESTree.CatchClause | TSESTree.ArrowFunctionExpression | TSESTree.FunctionExpression;
  readonly param: Node | undefined;
  readonly body: TSESTree.BlockStatement | TSESTree.Expression;
}

export function handlerOf(node: Handler["node"]): Handler {
  const param = node.type === "CatchClause" ? node.param : node.params[0];
  return { node, param: param ?? undefined, body: node.body };
}

/** Methods by which an error is passed to whoever waits for it. */
const forwards = new Set(["reject", "fail", "throw", "error", "abort", "destroy"]);
const anyError = new Set(["Error", "AggregateError", "SuppressedError", "DOMException", "Object"]);
const ownNames = /^(AbortError|Cancelled|ABORT_ERR|ERR_CANCELED)$/;

/**
 * The places where a handler lets a `Cancelled` go: the ends, returns and other exits of paths on which the error was neither
 * raised again nor passed on nor asked about (`isCancelled`), and may be a `Cancelled`.
 */
export function leaksOf(context: Context, handler: Handler, rethrows: ReadonlySet<string>): Node[] {
  const { body, param } = handler;
  const error = param?.type === "Identifier" ? errorVariable(context, handler, param) : undefined;
  if (error !== undefined && isKept(context, error)) return [];
  const isError = (node: Node | undefined): boolean =>
    node !== undefined && error !== undefined && variableOf(context, bare(node)) === error;
  const deals = (node: Node): boolean => dealsWith(context, node, isError, rethrows);
  if (body.type !== "BlockStatement") return deals(body) ? [] : [body];
  const leaks: Node[] = [];
  walkPaths<boolean>(body, false, {
    after: (dealt, node) => dealt || findInOwnCode(context, node, deals) !== undefined,
    branch: (dealt, test) => {
      const { whenTrue, whenFalse } = excluded(context, test, isError);
      return [dealt || whenTrue, dealt || whenFalse];
    },
    join: (a, b) => a && b,
    leave: (exit, dealt) => {
      if (dealt) return;
      if (exit.kind === "throw" && isError(exit.node.argument)) return;
      leaks.push(exit.node);
    },
  });
  return leaks;
}

function errorVariable(
  context: Context,
  { node }: Handler,
  param: TSESTree.Identifier,
): TSESLint.Scope.Variable | undefined {
  return declaredVariables(context, node).find(({ name }) => name === param.name);
}

/** Whether a single expression rethrows, passes on, or asks. */
function dealsWith(
  context: Context,
  node: Node,
  isError: (node: Node | undefined) => boolean,
  rethrows: ReadonlySet<string>,
): boolean {
  if (node.type === "BinaryExpression" && node.operator === "instanceof") {
    return isError(node.left) && espalierName(context, node.right) === "Cancelled";
  }
  if (node.type !== "CallExpression" || !node.arguments.some(isError)) return false;
  const name = calledName(context, node);
  if (name !== undefined) return true;
  const callee = bare(node.callee);
  if (callee.type === "Identifier") {
    return callee.name === "reject" || rethrows.has(callee.name) || rethrowsArgument(context, node, isError);
  }
  const method = methodName(node) ?? "";
  if (rethrows.has(method)) return true;
  // `console.error(error)` passes nothing on.
  return (
    forwards.has(method) && callee.type === "MemberExpression" && !isGlobal(context, callee.object, "console")
  );
}

/** Whether a function of the same file throws the error that it is given, or asks about it. */
function rethrowsArgument(
  context: Context,
  call: TSESTree.CallExpression,
  isError: (node: Node | undefined) => boolean,
): boolean {
  const fn = functionOf(context, call.callee);
  const param = fn?.params[call.arguments.findIndex(isError)];
  if (fn === undefined || param?.type !== "Identifier") return false;
  const variable = declaredVariables(context, fn).find(({ name }) => name === param.name);
  return variable?.references.some(({ identifier }) => isRaised(context, identifier)) === true;
}

/** On which side of a condition the error cannot be a `Cancelled`. */
function excluded(
  context: Context,
  condition: Node,
  isError: (node: Node | undefined) => boolean,
): { whenTrue: boolean; whenFalse: boolean } {
  const test = bare(condition);
  const neither = { whenTrue: false, whenFalse: false };
  if (test.type === "UnaryExpression" && test.operator === "!") {
    const { whenTrue, whenFalse } = excluded(context, test.argument, isError);
    return { whenTrue: whenFalse, whenFalse: whenTrue };
  }
  if (test.type === "LogicalExpression" && test.operator !== "??") {
    const left = excluded(context, test.left, isError);
    const right = excluded(context, test.right, isError);
    return test.operator === "&&"
      ? { whenTrue: left.whenTrue || right.whenTrue, whenFalse: left.whenFalse && right.whenFalse }
      : { whenTrue: left.whenTrue && right.whenTrue, whenFalse: left.whenFalse || right.whenFalse };
  }
  if (test.type !== "BinaryExpression") return neither;
  if (test.operator === "instanceof") {
    const { right } = test;
    const name =
      right.type === "Identifier"
        ? right.name
        : right.type === "MemberExpression"
          ? propertyName(right)
          : undefined;
    return isError(test.left) && name !== undefined && !anyError.has(name)
      ? { whenTrue: true, whenFalse: false }
      : neither;
  }
  const literal = test.right.type === "Literal" ? test.right.value : undefined;
  const asked = bare(test.left);
  const ofError = asked.type === "MemberExpression" && isError(asked.object);
  if (!ofError || typeof literal !== "string" || ownNames.test(literal)) return neither;
  if (test.operator === "===" || test.operator === "==") return { whenTrue: true, whenFalse: false };
  if (test.operator === "!==" || test.operator === "!=") return { whenTrue: false, whenFalse: true };
  return neither;
}

/** Whether the error is put away for later: into a variable that is thrown, passed on or asked about somewhere. */
function isKept(context: Context, error: TSESLint.Scope.Variable): boolean {
  return error.references.some(({ identifier }) => {
    const place = placeOf(identifier);
    if (place === undefined) return false;
    const kept = variableOf(context, place);
    return kept?.references.some((each) => isRaised(context, each.identifier)) === true;
  });
}

/** The variable that `kept = error`, `kept = { error }` or `kept.push(error)` puts it into. */
function placeOf(error: Node): Node | undefined {
  let value: Node = error;
  while (value.parent?.type === "Property" || value.parent?.type === "ObjectExpression") value = value.parent;
  const { parent } = value;
  if (parent?.type === "AssignmentExpression" && parent.right === value) return parent.left;
  if (parent?.type !== "CallExpression" || methodName(parent) !== "push") return undefined;
  return parent.callee.type === "MemberExpression" ? parent.callee.object : undefined;
}

function isRaised(context: Context, reference: Node): boolean {
  let node = reference;
  for (let parent = node.parent; parent; node = parent, parent = parent.parent) {
    if (parent.type === "ThrowStatement") return true;
    if (parent.type === "CallExpression" && parent.callee !== node) {
      const callee = bare(parent.callee);
      const name = callee.type === "Identifier" ? callee.name : methodName(parent);
      if (calledName(context, parent) !== undefined || name === "reject") return true;
      // `throw combined(errors)`: go on outwards.
      continue;
    }
    if (parent.type.endsWith("Statement") || isInlineFunction(parent)) return false;
  }
  return false;
}
