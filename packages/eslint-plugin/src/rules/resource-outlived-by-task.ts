import { blockOf, kindOf } from "../analysis/espalier.ts";
import { bare, enclosingFunction, isFunction, isWithin, methodName } from "../analysis/functions.ts";
import { variableOf } from "../analysis/origin.ts";
import { type Context, defineRule, type Node, type Rule, type TSESLint } from "../rule.ts";

export const resourceOutlivedByTask: Rule = defineRule("resource-outlived-by-task", {
  docs: {
    description: "A resource opened in a nursery's block is closed before the tasks that use it have ended.",
    preset: "recommended",
    severity: "error",
    types: "more",
  },
  messages: {
    outlived:
      "`{{name}}` is closed when the nursery's block ends, but this task may go on using it. Open it before the nursery, or " +
      "in the task.",
  },
  create(context) {
    return {
      CallExpression(call) {
        const method = methodName(call);
        const callee = bare(call.callee);
        if ((method !== "startSoon" && method !== "start") || callee.type !== "MemberExpression") return;
        if (kindOf(context, callee.object) !== "nursery") return;
        const body = bodyOfNursery(context, callee.object);
        // `start` is over when the child says so; what lives on afterwards is the child as well.
        const [child] = call.arguments;
        if (body === undefined || child === undefined) return;
        for (const name of outlived(context, child, body)) {
          context.report({ node: child, messageId: "outlived", data: { name } });
        }
      },
    };
  },
});

/** The block of the nursery that a variable is, if the variable is its parameter. */
function bodyOfNursery(context: Context, nursery: Node): Node | undefined {
  const definition = variableOf(context, bare(nursery))?.defs[0]?.node as Node | undefined;
  return isFunction(definition) && blockOf(context, definition)?.kind === "openNursery"
    ? definition
    : undefined;
}

/** The names of what a child uses and the block closes. */
function outlived(context: Context, child: Node, body: Node): Set<string> {
  const found = new Set<string>();
  for (const variable of variablesIn(context, body)) {
    if (!isClosedByBlock(variable, body)) continue;
    const used = variable.references.some(({ identifier }) => isWithin(identifier, child));
    if (used && !isWithin(variable.defs[0]!.name as Node, child)) found.add(variable.name);
  }
  return found;
}

function* variablesIn(context: Context, body: Node): Generator<TSESLint.Scope.Variable> {
  for (const scope of context.sourceCode.scopeManager?.scopes ?? []) {
    if (isWithin(scope.block, body)) yield* scope.variables;
  }
}

/** `using x = ...`, or a variable that a `finally` of the block closes. */
function isClosedByBlock(variable: TSESLint.Scope.Variable, body: Node): boolean {
  const definition = variable.defs[0];
  const declaration = (definition as { parent?: Node } | undefined)?.parent;
  if (declaration?.type !== "VariableDeclaration") return false;
  if (enclosingFunction(declaration) !== body) return false;
  if (declaration.kind === "using" || declaration.kind === "await using") return true;
  return variable.references.some(({ identifier }) => isClosedInFinally(identifier, body));
}

function isClosedInFinally(identifier: Node, body: Node): boolean {
  const member = identifier.parent;
  const call = member?.parent;
  if (member?.type !== "MemberExpression" || member.object !== identifier) return false;
  if (call?.type !== "CallExpression" || !/^(close|aclose|dispose|destroy|end)$/.test(methodName(call) ?? ""))
    return false;
  // Not so when the task closes it itself.
  if (enclosingFunction(call) !== body) return false;
  let each: Node = call;
  for (let parent: Node | undefined = each.parent; parent && each !== body; parent = each.parent) {
    if (parent.type === "TryStatement" && parent.finalizer === each) return true;
    each = parent;
  }
  return false;
}
