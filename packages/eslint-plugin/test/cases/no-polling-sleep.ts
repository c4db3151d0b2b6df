import type { Cases } from "../case.ts";

const imports = 'import { checkpoint, sleep } from "@espalier/core";\nvoid checkpoint; void sleep;';
const inTask = (code: string): string => `${imports}\nexport async function task() { ${code} }`;

export const cases: Cases = {
  valid: [
    inTask("while (!server.ready) { await work(); await sleep(1); }"),
    inTask("for (let i = 0; i < 3; i++) await sleep(1);"),
    inTask("for (;;) { await sleep(1); log(1); }"),
    inTask("for (;;) await sleep(1000);"),
    inTask("while (!server.ready) await work();"),
    "export async function task() { while (!server.ready) await sleep(1); }\ndeclare function sleep(ms: number): Promise<void>;",
  ],
  invalid: [
    { code: inTask("while (!server.ready) await sleep(1);"), errors: ["polling"] },
    { code: inTask("while (!server.ready) { await checkpoint(); }"), errors: ["polling"] },
    { code: inTask("do { await sleep(1); } while (!server.ready);"), errors: ["polling"] },
    { code: inTask("while (true) { if (server.ready) break; await sleep(1); }"), errors: ["polling"] },
    { code: inTask("for (;;) { await sleep(1); if (server.ready) { return; } }"), errors: ["polling"] },
    { code: inTask("for (; !server.ready;) await sleep(1);"), errors: ["polling"] },
  ],
};
