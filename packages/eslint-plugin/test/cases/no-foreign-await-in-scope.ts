import type { Cases } from "../case.ts";

const imports = `import { sleep } from "@espalier/core";
import { abandonOnCancel, CancelScope, currentSignal, moveOnAfter, shielded, withSignal } from "@espalier/cancel-scope";
import { readFile } from "node:fs/promises";
void sleep; void abandonOnCancel; void CancelScope; void currentSignal; void shielded; void withSignal; void readFile;`;
const limited = (code: string): string =>
  `${imports}\nexport const task = () => moveOnAfter(10, async () => { ${code} });`;

export const cases: Cases = {
  valid: [
    limited("await sleep(1);"),
    limited("await work();"),
    limited("await fetch(url, { signal: currentSignal() });"),
    limited("await abandonOnCancel(readFile(url));"),
    limited("await withSignal((signal) => fetch(url, { signal }));"),
    limited("await withSignal(async (signal) => { await readFile(url, { signal }); });"),
    limited("await shielded(async () => { await readFile(url); }, { graceMs: 1 });"),
    `${imports}\nexport async function task() { await readFile(url); await moveOnAfter(1, () => sleep(1)); }`,
  ],
  invalid: [
    { code: limited("await readFile(url);"), errors: ["foreign"] },
    { code: limited("await fetch(url);"), errors: ["foreign"] },
    { code: limited("await new Promise<void>(() => { log(1); });"), errors: ["foreign"] },
    { code: limited("await fetch(url).catch(log);"), errors: ["foreign"] },
    {
      code: `${imports}\nexport const task = () => new CancelScope().run(async () => { await readFile(url); });`,
      errors: ["foreign"],
    },
    { only: "typed", code: limited("await new Response(url).text();"), errors: ["foreign"] },
  ],
};
