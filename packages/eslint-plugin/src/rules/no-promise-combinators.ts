import { isInTask } from "../analysis/espalier.ts";
import { bare, findInOwnCode, propertyName } from "../analysis/functions.ts";
import { isGlobal, variableOf } from "../analysis/origin.ts";
import { fixOrSuggestion, nameOfImport } from "../fixes/name-of-import.ts";
import { type Context, defineRule, type Node, type Rule, type TSESTree } from "../rule.ts";

const why: Readonly<Record<string, string>> = {
  all: "leaves the others running when one fails",
  allSettled: "takes a `Cancelled` for a result",
  any: "leaves the losers running",
  race: "leaves the losers running, in every line in which they wait",
};

export const noPromiseCombinators: Rule = defineRule("no-promise-combinators", {
  docs: {
    description: "`Promise.all` and its kin leave work behind; Espalier's cancel it and wait for it.",
    preset: "recommended",
    severity: "warn",
    types: "none",
  },
  messages: {
    combinator:
      "`Promise.{{name}}` {{why}}. Write `{{name}}([() => ..., () => ...])` of @espalier/combinators.",
    map: "`Promise.{{name}}` {{why}}. Write `mapConcurrent(items, { limit }, async (item) => ...)`.",
    receive:
      "The loser of this race stays in its channel's line and takes an item that nobody will see. Write " +
      "`select([receiveCase(a), receiveCase(b)])`, or `moveOnAfter(ms, () => channel.receive())` for a time limit.",
    replace: "Write the one of @espalier/combinators.",
  },
  fixable: "code",
  hasSuggestions: true,
  create(context) {
    return {
      CallExpression(call) {
        const callee = bare(call.callee);
        if (callee.type !== "MemberExpression" || !isGlobal(context, bare(callee.object), "Promise")) return;
        const name = propertyName(callee) ?? "";
        const reason = why[name];
        if (reason === undefined || !isInTask(context, call)) return;
        const [list] = call.arguments;
        const isMap =
          list?.type === "CallExpression" &&
          list.callee.type === "MemberExpression" &&
          propertyName(list.callee) === "map";
        if (name === "race" && hasReceive(list)) {
          // No fix: a `race` of functions drops an item too, when two of them end at the same moment.
          context.report({ node: call, messageId: "receive" });
          return;
        }
        const fixed = isReplaceable(context, call, list) ? replacement(context, call, list, name) : {};
        context.report({
          node: call,
          messageId: isMap && name === "all" ? "map" : "combinator",
          data: { name, why: reason },
          ...fixed,
        });
      },
    };
  },
});

function hasReceive(list: Node | undefined): boolean {
  return (
    list?.type === "ArrayExpression" &&
    list.elements.some(
      (element) =>
        element?.type === "CallExpression" &&
        element.callee.type === "MemberExpression" &&
        propertyName(element.callee) === "receive",
    )
  );
}

function replacement(
  context: Context,
  call: TSESTree.CallExpression,
  list: TSESTree.ArrayExpression,
  name: string,
): ReturnType<typeof fixOrSuggestion> {
  return fixOrSuggestion(
    nameOfImport(context, call, name, "@espalier/combinators"),
    "replace",
    (fixer, imported) => [
      fixer.replaceText(call.callee, imported.text),
      ...list.elements.map((element) => fixer.insertTextBefore(element!, "() => ")),
    ],
  );
}

/**
 * Whether the calls can be made later, in tasks of their own: an array of plain calls, awaited at once, whose parts mean the same
 * then.
 */
function isReplaceable(
  context: Context,
  call: TSESTree.CallExpression,
  list: Node | undefined,
): list is TSESTree.ArrayExpression {
  if (list?.type !== "ArrayExpression" || list.elements.length === 0 || call.typeArguments) return false;
  if (call.parent.type !== "AwaitExpression") return false;
  return list.elements.every((element) => {
    if (element?.type !== "CallExpression") return false;
    const changes = findInOwnCode(context, element, (node) => {
      if (
        ["AwaitExpression", "YieldExpression", "AssignmentExpression", "UpdateExpression"].includes(node.type)
      ) {
        return true;
      }
      if (node.type !== "Identifier") return false;
      // A binding that is written again may hold something else by then.
      return (
        variableOf(context, node)?.references.some((each) => each.isWrite() && each.init !== true) === true
      );
    });
    return changes === undefined;
  });
}
