import { blockOf, isInTask } from "../analysis/espalier.ts";
import {
  bare,
  enclosingFunction,
  enclosingFunctions,
  type InlineFunction,
  isFunction,
  isWithin,
  methodName,
} from "../analysis/functions.ts";
import { variableOf } from "../analysis/origin.ts";
import { startsWork } from "../analysis/promise-calls.ts";
import { type Context, defineRule, type Node, type Rule } from "../rule.ts";

export const noScopeEscape: Rule = defineRule("no-scope-escape", {
  docs: {
    description:
      "A nursery is closed when its block is left; it is no use outside, nor is a promise of its body.",
    preset: "recommended",
    severity: "error",
    types: "more",
  },
  messages: {
    escape:
      "`{{name}}` leaves its block here, and outside of it it is closed: it starts no task any more. Open the nursery " +
      "further out and pass it in.",
    promise:
      "This promise is stored outside of the block that it began in. Await it here, or start a task and `join()` it.",
  },
  create(context) {
    const check = (fn: InlineFunction): void => {
      const kind = blockOf(context, fn)?.kind;
      const isNursery = kind === "openNursery";
      // Other people may cancel a scope while it is open, so storing one is no mistake; to return one always is.
      if (!isNursery && kind !== "scope.run" && !/^(moveOn|fail)A/.test(kind ?? "")) return;
      const [param] = fn.params;
      const variable = param?.type === "Identifier" ? variableOf(context, param) : undefined;
      if (variable === undefined || variable.scope.block !== fn) return;
      for (const { identifier } of variable.references) {
        const name = identifier.name as string;
        if (isReturned(identifier, fn) || (isNursery && isStored(context, identifier, fn))) {
          context.report({ node: identifier, messageId: "escape", data: { name } });
        }
      }
    };
    return {
      ArrowFunctionExpression: check,
      FunctionExpression: check,
      AssignmentExpression({ left, right }) {
        const call = bare(right);
        if (call.type !== "CallExpression" || left.type !== "Identifier" || !isInTask(context, left)) return;
        const block = outermostBody(context, left);
        if (block === undefined || isDeclaredIn(context, left, block) || !startsWork(context, call)) return;
        context.report({ node: left, messageId: "promise" });
      },
    };
  },
});

/** The function round a node whose end is the end of its block. */
function outermostBody(context: Context, node: Node): Node | undefined {
  for (const fn of enclosingFunctions(node)) if (blockOf(context, fn) !== undefined) return fn;
  return undefined;
}

/** `return nursery`, or an arrow function that gives it. */
function isReturned(value: Node, fn: InlineFunction): boolean {
  const { parent } = value;
  return fn.body === value || (parent?.type === "ReturnStatement" && enclosingFunction(value) === fn);
}

/** `outer = nursery`, `this.nursery = nursery`, `list.push(nursery)`: where the place is not the block's own. */
function isStored(context: Context, value: Node, fn: Node): boolean {
  const { parent } = value;
  if (parent?.type === "CallExpression" && parent.callee !== value) {
    const callee = bare(parent.callee);
    const isList =
      callee.type === "MemberExpression" && /^(push|unshift|add|set)$/.test(methodName(parent) ?? "");
    return isList && !isDeclaredIn(context, callee.object, fn);
  }
  return (
    parent?.type === "AssignmentExpression" &&
    parent.right === value &&
    !isDeclaredIn(context, parent.left, fn)
  );
}

/** Whether the variable at the root of `a.b.c` belongs to a function. */
function isDeclaredIn(context: Context, place: Node, fn: Node): boolean {
  let root = bare(place);
  while (root.type === "MemberExpression") root = bare(root.object);
  const definition = variableOf(context, root)?.defs[0]?.node as Node | undefined;
  if (definition === undefined) return false;
  return isWithin(definition, fn) && (definition !== fn || isFunction(fn));
}
