import type { Cases } from "../case.ts";

const imports = 'import { isCancelled, rethrowIfCancelled, sleep } from "@espalier/core";';
const inTry = (handler: string): string => `${imports}
export async function task() {
  try { await work(); await sleep(1); } ${handler}
}`;

export const cases: Cases = {
  valid: [
    inTry("catch (error) { rethrowIfCancelled(error); log(error); }"),
    inTry("catch (error) { throw error; }"),
    inTry("catch (error) { if (isCancelled(error)) throw error; log(error); }"),
    inTry("catch (error) { if (!isCancelled(error)) log(error); throw error; }"),
    inTry("catch (error) { if (isCancelled(error)) return 1; return 2; }"),
    inTry("catch (error) { if (!(error instanceof NotFound)) throw error; }"),
    inTry("catch (error) { if (error instanceof NotFound) return; throw error; }"),
    inTry('catch (error) { if ((error as NotFound).code === "ENOENT") return; throw error; }'),
    inTry("catch (error) { log(error); switch (compute()) { case 1: throw error; default: throw error; } }"),
    inTry("finally { log(1); }"),
    // No wait of ours in it, so no Cancelled.
    `${imports}\nexport async function task() { await sleep(1); try { JSON.parse(url); } catch { log(1); } }`,
    `${imports}\nimport { readFile } from "node:fs/promises";
export async function task() { await sleep(1); try { await readFile(url); } catch { log(1); } }`,
    `${imports}\nexport async function task() { await sleep(1); try { await import("node:fs"); } catch { log(1); } }`,
    `${imports}\nexport async function task() { await sleep(1); try { setTimeout(async () => { await work(); }, 1); } catch { log(1); } }`,
    // With the module itself: there is no scope around that could be cancelled.
    `${imports}\ntry { await sleep(1); } catch (error) { log(error); }`,
    `${imports}\nif (compute() > 1) await sleep(1).catch((error: unknown) => { log(error); });`,
    // Kept and thrown later, or passed on.
    `${imports}\nexport async function task() { let kept: unknown; try { await sleep(1); } catch (error) { kept = error; } if (kept) throw kept; }`,
    `${imports}\nexport async function task() { const all: unknown[] = []; try { await sleep(1); } catch (error) { all.push(error); } throw new AggregateError(all); }`,
    `${imports}\nexport const task = (reject: (error: unknown) => void) => async () => { try { await sleep(1); } catch (error) { reject(error); } };`,
    `${imports}\nexport const task = () => sleep(1).catch((error: unknown) => { if (isCancelled(error)) throw error; log(error); });`,
    `${imports}\nexport const task = () => sleep(1).catch(rethrowIfCancelled);`,
    `${imports}\nexport async function task() { try { await sleep(1); } catch (error) { handle(1, error); } }\nfunction handle(n: number, error: unknown) { if (n > 1 || !(error instanceof NotFound)) throw error; }`,
    // Only a promise that may reject; who awaits it gets its error.
    `${imports}\nexport const task = () => { const p = sleep(1); p.catch(() => undefined); void p.then(log, () => undefined).finally(log); return p; };`,
    `${imports}\nexport class Block { async run() { const errors: unknown[] = []; try { await sleep(1); } catch (error) { errors.push(error); } if (errors.length > 0) throw this.#combined(errors); } #combined(errors: unknown[]) { return new AggregateError(errors); } }`,
    {
      code: `${imports}\nexport class Block { async run() { try { await sleep(1); } catch (error) { return this.#leaveWith(error); } } #leaveWith(error: unknown) { throw error; } }`,
      options: [{ rethrowFunctions: ["#leaveWith"] }],
    },
    // By import, not by name; through an alias, a namespace and the umbrella.
    `import { rethrowIfCancelled as go, sleep } from "espalier";
export async function task() { try { await sleep(1); } catch (error) { go(error); } }`,
    `import * as espalier from "espalier";
export async function task() { try { await espalier.sleep(1); } catch (error) { espalier.rethrowIfCancelled(error); } }`,
    `import * as espalier from "@espalier/core";
const { rethrowIfCancelled: go, sleep } = espalier;
export async function task() { try { await sleep(1); } catch (error) { go(error); } }`,
    // A module that has nothing to do with us.
    "export async function task() { try { await work(); } catch { log(1); } }",
    'import type { Clock } from "@espalier/core";\nexport async function task(_: Clock) { try { await work(); } catch { log(1); } }',
    {
      code: `${imports}\nexport async function task() { try { await sleep(1); } catch (error) { handle(error); } }
declare function handle(error: unknown): void;`,
      options: [{ rethrowFunctions: ["handle"] }],
    },
    {
      only: "typed",
      code: `${imports}\nexport async function task() { await sleep(1); const response = new Response("1"); return response.json().catch(() => 1); }`,
    },
  ],
  invalid: [
    {
      code: inTry("catch (error) { log(error); }"),
      errors: ["swallowed"],
      output: inTry("catch (error) { rethrowIfCancelled(error);\nlog(error); }"),
    },
    {
      code: `${imports}\nexport class Cache { readonly loaded = sleep(1).catch(() => { log(1); }); }`,
      errors: ["swallowed"],
      output: `${imports}\nexport class Cache { readonly loaded = sleep(1).catch((error) => { rethrowIfCancelled(error);\nlog(1); }); }`,
    },
    {
      code: inTry("catch {}"),
      errors: ["swallowed"],
      output: inTry("catch (error) { rethrowIfCancelled(error); }"),
    },
    {
      code: inTry("catch { log(1); }"),
      errors: ["swallowed"],
      output: inTry("catch (error) { rethrowIfCancelled(error);\nlog(1); }"),
    },
    {
      code: inTry("catch (error) {\n    log(error);\n  }"),
      errors: ["swallowed"],
      output: inTry("catch (error) {\n    rethrowIfCancelled(error);\n    log(error);\n  }"),
    },
    {
      code: inTry("catch (error) { if (error instanceof NotFound) throw error; return 1; }"),
      errors: ["swallowed"],
      output: inTry(
        "catch (error) { rethrowIfCancelled(error);\nif (error instanceof NotFound) throw error; return 1; }",
      ),
    },
    {
      code: inTry("catch (error) { throw new NotFound(String(error), { cause: error }); }"),
      errors: ["swallowed"],
      output: inTry(
        "catch (error) { rethrowIfCancelled(error);\nthrow new NotFound(String(error), { cause: error }); }",
      ),
    },
    {
      code: inTry("catch (error) { while (compute()) { throw error; } }"),
      errors: ["swallowed"],
      output: inTry("catch (error) { rethrowIfCancelled(error);\nwhile (compute()) { throw error; } }"),
    },
    {
      code: inTry("catch (error) { console.error(error); }"),
      errors: ["swallowed"],
      output: inTry("catch (error) { rethrowIfCancelled(error);\nconsole.error(error); }"),
    },
    {
      code: `${imports}\nexport async function task() { for (;;) { try { await sleep(1); } catch (error) { log(error); continue; } } }`,
      errors: ["swallowed"],
      output: `${imports}\nexport async function task() { for (;;) { try { await sleep(1); } catch (error) { rethrowIfCancelled(error);\nlog(error); continue; } } }`,
    },
    {
      code: `${imports}\nexport async function task(list: AsyncIterable<number>) { try { for await (const each of list) log(each); } catch { log(1); } }`,
      errors: ["swallowed"],
      output: `${imports}\nexport async function task(list: AsyncIterable<number>) { try { for await (const each of list) log(each); } catch (error) { rethrowIfCancelled(error);\nlog(1); } }`,
    },
    {
      // The function of that name is the user's own, and the name is taken.
      code: 'import { sleep } from "@espalier/core";\nconst rethrowIfCancelled = log;\nexport async function task() { try { await sleep(1); } catch (error) { rethrowIfCancelled(error); } }',
      errors: ["swallowed"],
    },
    {
      code: 'import { sleep } from "espalier";\nexport async function task() { try { await sleep(1); } catch (error) { log(error); } }',
      errors: ["swallowed"],
      output:
        'import { sleep, rethrowIfCancelled } from "espalier";\nexport async function task() { try { await sleep(1); } catch (error) { rethrowIfCancelled(error);\nlog(error); } }',
    },
    {
      code: 'import * as ours from "espalier";\nexport async function task() { try { await ours.sleep(1); } catch (error) { log(error); } }',
      errors: ["swallowed"],
      output:
        'import * as ours from "espalier";\nexport async function task() { try { await ours.sleep(1); } catch (error) { ours.rethrowIfCancelled(error);\nlog(error); } }',
    },
    {
      code: 'import { Event } from "@espalier/sync";\nexport async function task(event: Event) { new Event(); try { await event.wait(); } catch (error) { log(error); } }',
      errors: ["swallowed"],
      suggestion:
        'import { rethrowIfCancelled } from "@espalier/core";\nimport { Event } from "@espalier/sync";\nexport async function task(event: Event) { new Event(); try { await event.wait(); } catch (error) { rethrowIfCancelled(error);\nlog(error); } }',
    },
    {
      code: `${imports}\nexport const task = () => work().catch(() => undefined);`,
      errors: ["swallowed"],
      output: `${imports}\nexport const task = () => work().catch((error) => { rethrowIfCancelled(error); return (undefined); });`,
    },
    {
      code: `${imports}\nexport const task = () => other().catch((reason: unknown) => ({ reason }));`,
      errors: ["swallowed"],
      output: `${imports}\nexport const task = () => other().catch((reason: unknown) => { rethrowIfCancelled(reason); return ({ reason }); });`,
    },
    {
      code: `${imports}\nexport const task = () => work().then(log, (error: unknown) => { log(error); });`,
      errors: ["swallowed"],
      output: `${imports}\nexport const task = () => work().then(log, (error: unknown) => { rethrowIfCancelled(error);\nlog(error); });`,
    },
    {
      code: "export async function task() { try { await work(); } catch { log(1); } }",
      settings: { espalier: { everywhere: true } },
      errors: ["swallowed"],
      suggestion:
        'import { rethrowIfCancelled } from "@espalier/core";\nexport async function task() { try { await work(); } catch (error) { rethrowIfCancelled(error);\nlog(1); } }',
    },
  ],
};
