import { calledName } from "../analysis/espalier.ts";
import { fixOrSuggestion, nameOfImport } from "../fixes/name-of-import.ts";
import { defineRule, type Rule } from "../rule.ts";

export const checkpointNotSleepZero: Rule = defineRule("checkpoint-not-sleep-zero", {
  docs: {
    description: "`sleep(0)` is a `checkpoint()`; say so.",
    preset: "recommended",
    severity: "warn",
    types: "none",
  },
  messages: {
    zero: "`sleep(0)` does not sleep: it is a checkpoint. Write `checkpoint()`.",
    checkpoint: "Write `checkpoint()`.",
  },
  fixable: "code",
  hasSuggestions: true,
  create(context) {
    return {
      CallExpression(call) {
        const [ms, ...more] = call.arguments;
        if (ms?.type !== "Literal" || ms.value !== 0 || more.length > 0) return;
        if (calledName(context, call) !== "sleep") return;
        const imported = nameOfImport(context, call, "checkpoint", "@espalier/core");
        context.report({
          node: call,
          messageId: "zero",
          ...fixOrSuggestion(imported, "checkpoint", (fixer, { text }) => [
            fixer.replaceText(call, `${text}()`),
          ]),
        });
      },
    };
  },
});
