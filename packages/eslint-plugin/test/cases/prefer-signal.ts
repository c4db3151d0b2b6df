import type { Cases } from "../case.ts";

const imports =
  'import { currentSignal, withSignal } from "@espalier/cancel-scope";\nvoid currentSignal; void withSignal;';
const inTask = (code: string): string => `${imports}\nexport async function task() { ${code} }`;

export const cases: Cases = {
  valid: [
    inTask("await fetch(url, { signal: currentSignal() });"),
    inTask("await withSignal((signal) => fetch(url, { signal }));"),
    inTask("const options = { method: 'POST' }; await fetch(url, options);"),
    inTask("const init = {}; await fetch(url, { ...init });"),
    inTask("await fetch(new Request(url));"),
    inTask("emitter.on('data', log); await work();"),
    `${imports}\nexport async function task(fetch: () => Promise<void>) { await fetch(); }`,
    "export async function task() { await fetch(url); }",
    {
      only: "untyped",
      code:
        inTask("await get(url);") +
        "\ndeclare function get(url: string, options?: { signal?: AbortSignal }): Promise<void>;",
    },
    inTask("await get(url, currentSignal());") +
      "\ndeclare function get(url: string, signal?: AbortSignal, options?: { depth: number }): Promise<void>;",
  ],
  invalid: [
    {
      code: inTask("await fetch(url);"),
      errors: ["signal"],
      suggestion: inTask("await fetch(url, { signal: currentSignal() });"),
    },
    {
      code: inTask("await fetch(url, { method: 'POST' });"),
      errors: ["signal"],
      suggestion: inTask("await fetch(url, { signal: currentSignal(), method: 'POST' });"),
    },
    {
      code: `${imports}\nimport { setTimeout as delay } from "node:timers/promises";\nexport async function task() { await delay(10); }`,
      errors: ["signal"],
      suggestion: `${imports}\nimport { setTimeout as delay } from "node:timers/promises";\nexport async function task() { await delay(10, undefined, { signal: currentSignal() }); }`,
    },
    {
      code: `${imports}\nimport { on } from "node:events";\nexport async function task() { for await (const each of on(emitter, "data")) log(each); }`,
      errors: ["signal"],
      suggestion: `${imports}\nimport { on } from "node:events";\nexport async function task() { for await (const each of on(emitter, "data", { signal: currentSignal() })) log(each); }`,
    },
    {
      only: "typed",
      code:
        inTask("await get(url);") +
        "\ndeclare function get(url: string, options?: { signal?: AbortSignal }): Promise<void>;",
      errors: ["signal"],
      suggestion:
        inTask("await get(url, { signal: currentSignal() });") +
        "\ndeclare function get(url: string, options?: { signal?: AbortSignal }): Promise<void>;",
    },
  ],
};
