import type { Cases } from "../case.ts";

const imports = `import { run, sleep } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
void sleep; void run; void openNursery;`;
const inTask = (code: string): string =>
  `${imports}\nasync function child() { await work(); }\nexport async function task() { await child(); ${code} }`;

export const cases: Cases = {
  valid: [
    inTask("await sleep(1);"),
    inTask("const p = sleep(1); await p;"),
    inTask("return sleep(1);"),
    inTask("await openNursery((nursery) => { nursery.startSoon(child); });"),
    inTask("log(1); compute();"),
    inTask("const both = [sleep(1), child()]; log(both);"),
    { code: inTask("void child();"), options: [{ ignoreVoid: true }] },
    // Nothing around it that could own it.
    `${imports}\nrun(async () => { await sleep(1); });`,
    "async function child() { await work(); }\nexport async function task() { child(); }",
    { only: "untyped", code: inTask("work();") },
    // Somebody else's sleep.
    'import { openNursery } from "@espalier/nursery";\nfunction sleep(ms: number) { log(ms); }\nexport async function task() { sleep(1); await openNursery(() => 1); }',
  ],
  invalid: [
    { code: inTask("sleep(1);"), errors: ["floating"] },
    { code: inTask("void sleep(1);"), errors: ["floating"] },
    { code: inTask("child();"), errors: ["floating"] },
    { code: inTask("void child().catch(log);"), errors: ["floating"] },
    { code: inTask("child().then(log).finally(compute);"), errors: ["floating"] },
    { code: inTask("openNursery(async () => { await child(); });"), errors: ["floating"] },
    { code: inTask("const unused = child();"), errors: ["unused"] },
    { only: "typed", code: inTask("work();"), errors: ["floating"] },
    {
      code: `${imports}\nexport const task = () => openNursery((nursery) => { nursery.start(async (started: (value: number) => void) => { started(1); }); });`,
      errors: ["floating"],
    },
  ],
};
