import { calledName, espalierName, isTaskCode, kindOf } from "../analysis/espalier.ts";
import { bare, findInOwnCode, methodName, propertyName, valueOfKey } from "../analysis/functions.ts";
import { isGlobal } from "../analysis/origin.ts";
import { fixOrSuggestion, nameOfImport } from "../fixes/name-of-import.ts";
import { type Context, defineRule, type Node, type Rule, type TSESTree } from "../rule.ts";

const takeTimes = new Set(["moveOnAt", "failAt", "sleepUntil"]);

export const runClockDeadline: Rule = defineRule("run-clock-deadline", {
  docs: {
    description: "Deadlines are times of the run's clock, `currentTime()`, not `Date.now()` or a constant.",
    preset: "recommended",
    severity: "error",
    types: "more",
  },
  messages: {
    clock: "A deadline is a time of the run's clock. Write `currentTime()` where this says `{{clock}}`.",
    constant:
      "A constant is no time: the run's clock begins anywhere. Write `currentTime() + ms`, or use the form with `After`.",
    replace: "Write `currentTime()`.",
  },
  fixable: "code",
  hasSuggestions: true,
  create(context) {
    const check = (time: Node | undefined): void => {
      if (time === undefined) return;
      const clock = findInOwnCode(context, time, (node) => clockOf(context, node) !== undefined);
      if (clock !== undefined) {
        const imported = nameOfImport(context, clock, "currentTime", "@espalier/core");
        const isNumber = clock.type === "CallExpression";
        context.report({
          node: clock,
          messageId: "clock",
          data: { clock: clockOf(context, clock) ?? "" },
          ...(isNumber
            ? fixOrSuggestion(imported, "replace", (fixer, { text }) => [
                fixer.replaceText(clock, `${text}()`),
              ])
            : {}),
        });
      } else if (isConstant(time) && !hasOwnClock(context)) {
        context.report({ node: time, messageId: "constant" });
      }
    };
    return {
      CallExpression(call) {
        const name = calledName(context, call);
        if (name !== undefined && takeTimes.has(name)) check(call.arguments[0]);
      },
      NewExpression(node) {
        if (node.arguments.length === 0 || espalierName(context, node.callee) !== "CancelScope") return;
        const deadline = valueOfKey(node.arguments[0], "deadline");
        if (deadline !== "unknown") check(deadline);
      },
      AssignmentExpression({ left, right }) {
        if (left.type !== "MemberExpression" || propertyName(left) !== "deadline" || !isTaskCode(context))
          return;
        if (kindOf(context, left.object) === "scope") check(right);
      },
    };
  },
});

function clockOf(context: Context, node: Node): string | undefined {
  if (node.type === "NewExpression") return isGlobal(context, node.callee, "Date") ? "new Date()" : undefined;
  if (node.type !== "CallExpression" || methodName(node) !== "now") return undefined;
  const { object } = bare(node.callee) as TSESTree.MemberExpression;
  if (isGlobal(context, object, "Date")) return "Date.now()";
  return isGlobal(context, object, "performance") ? "performance.now()" : undefined;
}

/** A number other than 0 and the infinities, which are meaningful on any clock. */
function isConstant(node: Node): boolean {
  return node.type === "Literal" && typeof node.value === "number" && node.value !== 0;
}

/** Tests on a mock clock know when it begins. */
function hasOwnClock(context: Context): boolean {
  return context.sourceCode.ast.body.some(
    (each) =>
      each.type === "ImportDeclaration" &&
      each.specifiers.some(
        (specifier) =>
          specifier.type === "ImportSpecifier" &&
          specifier.imported.type === "Identifier" &&
          /^(MockClock|runVirtual|exploreSchedules|cancelEverywhere)$/.test(specifier.imported.name),
      ),
  );
}
