import { isInTask } from "../analysis/espalier.ts";
import { bare } from "../analysis/functions.ts";
import { beginning, startsWork } from "../analysis/promise-calls.ts";
import { variableOf } from "../analysis/origin.ts";
import { defineRule, type Node, optionsOf, type Rule } from "../rule.ts";

interface Options {
  readonly ignoreVoid: boolean;
}

export const noFloatingTask: Rule = defineRule("no-floating-task", {
  docs: {
    description: "A promise that nobody awaits is a task outside every nursery.",
    preset: "recommended",
    severity: "error",
    types: "more",
  },
  messages: {
    floating:
      "Nobody waits for this: it goes on after its block has been left, and its error is lost. Write `await`, or " +
      "`nursery.startSoon(() => ...)`; what has to outlive the block, `await detached(() => ...)` in a nursery above.",
    unused: "`{{name}}` is a promise that nobody awaits. Write `await`, or `nursery.startSoon(() => ...)`.",
  },
  schema: [{ type: "object", properties: { ignoreVoid: { type: "boolean" } }, additionalProperties: false }],
  defaultOptions: [{ ignoreVoid: false }],
  create(context) {
    const { ignoreVoid } = optionsOf<Options>(context);
    const check = (value: Node, at: Node): void => {
      const call = beginning(value);
      if (call === undefined || !isInTask(context, at) || !startsWork(context, call)) return;
      context.report({ node: at, messageId: "floating" });
    };
    return {
      ExpressionStatement(node) {
        const value = bare(node.expression);
        if (value.type !== "UnaryExpression") check(value, node);
        else if (value.operator === "void" && !ignoreVoid) check(value.argument, node);
      },
      VariableDeclarator({ id, init }) {
        if (id.type !== "Identifier" || !init || bare(init).type !== "CallExpression") return;
        const call = beginning(init);
        const variable = variableOf(context, id);
        if (
          call === undefined ||
          variable === undefined ||
          id.parent.parent?.type === "ExportNamedDeclaration"
        )
          return;
        if (variable.references.some((each) => each.isRead()) || variable.scope.type === "global") return;
        if (!isInTask(context, id) || !startsWork(context, call)) return;
        context.report({ node: id, messageId: "unused", data: { name: id.name } });
      },
    };
  },
});
