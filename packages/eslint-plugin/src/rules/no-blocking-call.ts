import { isInTask } from "../analysis/espalier.ts";
import { bare } from "../analysis/functions.ts";
import { isGlobal, originOf } from "../analysis/origin.ts";
import { type Context, defineRule, type Node, optionsOf, type Rule } from "../rule.ts";

interface Options {
  readonly calls: readonly string[];
  readonly allow: readonly string[];
}

/** Names of modules' functions that keep the thread, by module. */
const blocking: Readonly<Record<string, RegExp>> = {
  fs: /Sync$/,
  child_process: /Sync$/,
  zlib: /Sync$/,
  crypto: /^(pbkdf2|scrypt|hkdf|generatePrime|checkPrime|generateKeyPair)Sync$/,
  "sync-fetch": /./,
  "sync-rpc": /./,
  "readline-sync": /./,
  "prompt-sync": /./,
  execa: /Sync$/,
  "cross-spawn": /^sync$/,
};
const globals = ["alert", "confirm", "prompt"];

export const noBlockingCall: Rule = defineRule("no-blocking-call", {
  docs: {
    description: "A call that blocks the thread stops every task, timer and deadline.",
    preset: "recommended",
    severity: "error",
    types: "none",
  },
  messages: {
    blocking:
      "`{{name}}` blocks the thread: no other task runs, and no deadline fires, until it is done. Use the asynchronous form, or " +
      "@espalier/to-thread.",
  },
  schema: [
    {
      type: "object",
      properties: {
        calls: { type: "array", items: { type: "string" }, uniqueItems: true },
        allow: { type: "array", items: { type: "string" }, uniqueItems: true },
      },
      additionalProperties: false,
    },
  ],
  defaultOptions: [{ calls: [], allow: [] }],
  create(context) {
    const options = optionsOf<Options>(context);
    const more = new Set(options.calls);
    const allowed = new Set(options.allow);
    const check = (node: { readonly callee: Node } & Node): void => {
      const name = blockingName(context, node.callee, more);
      if (name !== undefined && !allowed.has(name) && isInTask(context, node)) {
        context.report({ node, messageId: "blocking", data: { name } });
      }
    };
    return { CallExpression: check };
  },
});

/** The name of a call that blocks, without `node:`: `"fs.readFileSync"`. */
function blockingName(context: Context, expression: Node, more: ReadonlySet<string>): string | undefined {
  const callee = bare(expression);
  const global = globals.find((each) => isGlobal(context, callee, each));
  if (global !== undefined) return global;
  if (callee.type === "MemberExpression" && isGlobal(context, callee.object, "Atomics")) {
    return callee.property.type === "Identifier" && callee.property.name === "wait"
      ? "Atomics.wait"
      : undefined;
  }
  const origin = originOf(context, callee);
  if (origin === undefined) {
    return callee.type === "Identifier" && more.has(callee.name) ? callee.name : undefined;
  }
  const module = origin.module.replace(/^node:/, "");
  const name = origin.name ?? "default";
  const written = name === "default" ? module : `${module}.${name}`;
  return blocking[module]?.test(name) === true || more.has(written) || more.has(name) ? written : undefined;
}
