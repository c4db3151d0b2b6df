import { calledName } from "../analysis/espalier.ts";
import { fixOrSuggestion, nameOfImport } from "../fixes/name-of-import.ts";
import { type Context, defineRule, type Node, type Rule } from "../rule.ts";

const dayMs = 86_400_000;

export const sleepForever: Rule = defineRule("sleep-forever", {
  docs: {
    description: "A sleep without end is `sleepForever()`.",
    preset: "recommended",
    severity: "warn",
    types: "none",
  },
  messages: {
    infinite: "Write `sleepForever()`.",
    long: "More than a day: if no end is meant, write `sleepForever()`, which does not keep the process alive either.",
    forever: "Write `sleepForever()`.",
  },
  fixable: "code",
  hasSuggestions: true,
  create(context) {
    return {
      CallExpression(call) {
        const [ms] = call.arguments;
        if (ms === undefined || calledName(context, call) !== "sleep") return;
        const length = lengthOf(context, ms);
        if (length === undefined || length <= dayMs) return;
        const isInfinite = length === Infinity;
        const found = nameOfImport(context, call, "sleepForever", "@espalier/core");
        // A long sleep keeps the process alive, so only its author can say that the other is meant.
        const imported = found && { ...found, certain: found.certain && isInfinite };
        context.report({
          node: call,
          messageId: isInfinite ? "infinite" : "long",
          ...fixOrSuggestion(imported, "forever", (fixer, { text }) => [
            fixer.replaceText(call, `${text}()`),
          ]),
        });
      },
    };
  },
});

/** The number that is written: a literal, a product of literals, `Infinity`, `2 ** 31`. */
function lengthOf(context: Context, node: Node): number | undefined {
  if (node.type === "Literal" && typeof node.value === "number") return node.value;
  const text = context.sourceCode.getText(node);
  if (text === "Infinity" || text === "Number.POSITIVE_INFINITY") return Infinity;
  if (text === "Number.MAX_SAFE_INTEGER" || text === "Number.MAX_VALUE") return Number.MAX_SAFE_INTEGER;
  if (node.type !== "BinaryExpression" || node.left.type === "PrivateIdentifier") return undefined;
  const left = lengthOf(context, node.left);
  const right = lengthOf(context, node.right);
  if (left === undefined || right === undefined) return undefined;
  switch (node.operator) {
    case "*":
      return left * right;
    case "**":
      return left ** right;
    case "+":
      return left + right;
    case "-":
      return left - right;
    default:
      return undefined;
  }
}
