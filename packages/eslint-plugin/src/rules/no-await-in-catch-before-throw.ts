import { espalierName, isTaskCode } from "../analysis/espalier.ts";
import { findInOwnCode, isAwait, visitOwnCode } from "../analysis/functions.ts";
import { isInterrupted } from "../analysis/interrupted.ts";
import { walkPaths } from "../analysis/paths.ts";
import { type Context, defineRule, type Node, type Rule } from "../rule.ts";

export const noAwaitInCatchBeforeThrow: Rule = defineRule("no-await-in-catch-before-throw", {
  docs: {
    description: "An `await` between `catch` and `throw` can lose the error to a `Cancelled`.",
    preset: "recommended",
    severity: "warn",
    types: "more",
  },
  messages: {
    lost:
      "If the scope is cancelled, this wait raises `Cancelled` and the error that was caught is never thrown. Wait in " +
      "`shielded(...)`, or after the `throw`, in a `finally`.",
  },
  create(context) {
    if (!isTaskCode(context)) return {};
    return {
      CatchClause({ body }) {
        if (findInOwnCode(context, body, isAwait) === undefined) return;
        const lost = new Set<Node>();
        walkPaths<ReadonlySet<Node>>(body, new Set(), {
          after: (waits, node) => withWaits(context, waits, node),
          // What is known to be a `Cancelled` is the business of `unshielded-await-in-cleanup`.
          branch: (waits, test) => [asks(context, test) ? new Set([handled]) : waits, waits],
          join: (a, b) => new Set([...a, ...b]),
          leave: (exit, waits) => {
            if (exit.kind !== "throw" || waits.has(handled)) return;
            for (const each of waits) if (!isWithinThrow(each, exit.node)) lost.add(each);
          },
        });
        for (const node of lost) context.report({ node, messageId: "lost" });
      },
    };
  },
});

/** Marks a path on which the error is a `Cancelled`. */
const handled = { type: "EmptyStatement" } as Node;

function withWaits(context: Context, waits: ReadonlySet<Node>, code: Node): ReadonlySet<Node> {
  const found = new Set(waits);
  visitOwnCode(context, code, (node) => {
    if (isAwait(node) && isInterrupted(context, node)) found.add(node);
    return undefined;
  });
  return found;
}

function asks(context: Context, test: Node): boolean {
  return (
    findInOwnCode(
      context,
      test,
      (node) => node.type === "CallExpression" && espalierName(context, node.callee) === "isCancelled",
    ) !== undefined
  );
}

/** `throw await ...` chooses what it throws. */
function isWithinThrow(node: Node, statement: Node): boolean {
  return node.range[0] >= statement.range[0] && node.range[1] <= statement.range[1];
}
