import { calledName } from "../analysis/espalier.ts";
import { bare } from "../analysis/functions.ts";
import { defineRule, type Node, type Rule } from "../rule.ts";

const waits = new Set(["sleep", "sleepUntil", "checkpoint", "checkpointIfCancelled"]);

export const noPollingSleep: Rule = defineRule("no-polling-sleep", {
  docs: {
    description: "A loop that only sleeps until something is true should wait for an `Event`.",
    preset: "recommended",
    severity: "warn",
    types: "none",
  },
  messages: {
    polling:
      "This loop asks again and again. Let the one who changes it say so: `await event.wait()`, or a condition or channel.",
  },
  create(context) {
    const check = (loop: { readonly body: Node; readonly test?: Node | null }, node: Node): void => {
      const statements = loop.body.type === "BlockStatement" ? loop.body.body : [loop.body];
      // `while (true) { if (done) break; await sleep(10); }` is the same loop.
      const [only, ...more] = statements.filter((each) => !isWayOut(each));
      if (only?.type !== "ExpressionStatement" || more.length > 0) return;
      const isEndless = !loop.test || loop.test.type === "Literal";
      if (isEndless && statements.length === 1) return;
      const wait = bare(only.expression);
      const name = wait.type === "AwaitExpression" ? calledName(context, wait.argument) : undefined;
      if (name !== undefined && waits.has(name)) context.report({ node, messageId: "polling" });
    };
    return {
      WhileStatement: (node) => {
        check(node, node);
      },
      DoWhileStatement: (node) => {
        check(node, node);
      },
      ForStatement: (node) => {
        // With an update it counts; it does not ask.
        if (!node.update) check(node, node);
      },
    };
  },
});

function isWayOut(statement: Node): boolean {
  if (statement.type !== "IfStatement" || statement.alternate) return false;
  const { consequent } = statement;
  const [only, ...more] = consequent.type === "BlockStatement" ? consequent.body : [consequent];
  return more.length === 0 && (only?.type === "BreakStatement" || only?.type === "ReturnStatement");
}
