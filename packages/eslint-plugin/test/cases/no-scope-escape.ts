import type { Cases } from "../case.ts";

const imports = `import { sleep } from "@espalier/core";
import { moveOnAfter, type CancelScope } from "@espalier/cancel-scope";
import { openNursery, type Nursery } from "@espalier/nursery";
void sleep; void moveOnAfter; void openNursery;`;

export const cases: Cases = {
  valid: [
    `${imports}\nexport const task = () => openNursery((nursery) => { nursery.startSoon(work); });`,
    `${imports}\nexport const task = () => openNursery(async (nursery) => { await serve(nursery); });\nasync function serve(nursery: Nursery) { nursery.startSoon(work); await work(); }`,
    `${imports}\nexport const task = () => openNursery((nursery) => { const mine = { nursery: nursery }; const other = nursery; log(mine, other); });`,
    `${imports}\nlet scope: CancelScope | undefined;\nexport const stop = () => scope?.cancel();\nexport const task = () => moveOnAfter(1, async (mine) => { scope = mine; await work(); });`,
    `${imports}\nexport const task = () => openNursery((nursery) => { const local: Nursery[] = []; local.push(nursery); });`,
    `${imports}\nexport async function task() { let value = 0; await openNursery(async () => { value = await work(); }); return value; }`,
    "export const task = () => openNursery((nursery) => nursery);\nfunction openNursery(body: (nursery: number) => number) { return body(1); }",
  ],
  invalid: [
    { code: `${imports}\nexport const task = () => openNursery((nursery) => nursery);`, errors: ["escape"] },
    {
      code: `${imports}\nexport const task = () => openNursery((nursery) => { return nursery; });`,
      errors: ["escape"],
    },
    {
      code: `${imports}\nexport const task = () => moveOnAfter(1, async (scope) => { await work(); return scope; });`,
      errors: ["escape"],
    },
    {
      code: `${imports}\nlet kept: Nursery | undefined;\nexport const task = () => openNursery((nursery) => { kept = nursery; });\nlog(kept);`,
      errors: ["escape"],
    },
    {
      code: `${imports}\nexport class Pool { nursery: Nursery | undefined; start() { return openNursery((nursery) => { this.nursery = nursery; }); } }`,
      errors: ["escape"],
    },
    {
      code: `${imports}\nconst list: Nursery[] = [];\nexport const task = () => openNursery((nursery) => { list.push(nursery); });`,
      errors: ["escape"],
    },
    {
      code: `${imports}\nexport async function task() { let later: Promise<void> | undefined; await openNursery(() => { later = sleep(1); }); await later; }`,
      errors: ["promise"],
    },
  ],
};
