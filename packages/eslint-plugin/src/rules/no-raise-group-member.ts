import { espalierName, isTaskCode } from "../analysis/espalier.ts";
import { bare, methodName, propertyName } from "../analysis/functions.ts";
import { variableOf } from "../analysis/origin.ts";
import { type Context, defineRule, type Node, type Rule } from "../rule.ts";

export const noRaiseGroupMember: Rule = defineRule("no-raise-group-member", {
  docs: {
    description: "To throw one member of a group of errors drops the others.",
    preset: "recommended",
    severity: "warn",
    types: "none",
  },
  messages: {
    member:
      "The other errors of the group are lost, and where this one came from. Throw the group; `unwrapSingle(error)` " +
      "gives the error where there is just one, `splitError` the ones that you want.",
  },
  create(context) {
    if (!isTaskCode(context)) return {};
    return {
      ThrowStatement({ argument }) {
        if (isMember(context, argument) && !isOnlyOne(context, argument))
          context.report({ node: argument, messageId: "member" });
      },
    };
  },
});

/** `group.errors[0]`, `group.errors.at(0)`, `flattenErrors(group)[0]`, or a `const` that is one of these. */
function isMember(context: Context, value: Node): boolean {
  const node = bare(value);
  if (node.type === "MemberExpression") return node.computed && isErrors(context, node.object);
  if (node.type === "CallExpression") {
    const callee = bare(node.callee);
    const picks = /^(at|pop|shift|find|findLast)$/.test(methodName(node) ?? "");
    return picks && callee.type === "MemberExpression" && isErrors(context, callee.object);
  }
  if (node.type !== "Identifier") return false;
  const definition = variableOf(context, node)?.defs[0]?.node as Node | undefined;
  if (definition?.type !== "VariableDeclarator" || !definition.init) return false;
  return definition.id.type === "ArrayPattern"
    ? !definition.id.elements.some((each) => each?.type === "RestElement") &&
        isErrors(context, definition.init)
    : definition.id.type === "Identifier" && isMember(context, definition.init);
}

/** Inside of `if (group.errors.length === 1)`: there are no others. */
function isOnlyOne(context: Context, node: Node): boolean {
  let each = node;
  for (let parent = node.parent; parent; each = parent, parent = parent.parent) {
    if (parent.type === "IfStatement" && parent.consequent === each) {
      if (/\.length\s*===?\s*1\b/.test(context.sourceCode.getText(parent.test))) return true;
    }
  }
  return false;
}

function isErrors(context: Context, value: Node): boolean {
  const node = bare(value);
  if (node.type === "MemberExpression") return propertyName(node) === "errors";
  return node.type === "CallExpression" && espalierName(context, node.callee) === "flattenErrors";
}
