import type { Cases } from "../case.ts";

const imports = `import { isCancelled, sleep } from "@espalier/core";
import { shielded } from "@espalier/cancel-scope";
void isCancelled; void sleep; void shielded;`;
const inCatch = (code: string): string =>
  `${imports}\nexport async function task() { try { await work(); } catch (error) { ${code} } }`;

export const cases: Cases = {
  valid: [
    inCatch("throw error;"),
    inCatch("await other(); log(error);"),
    inCatch("await shielded(() => other(), { graceMs: 10 }); throw error;"),
    inCatch("if (compute()) { await other(); return; } throw error;"),
    inCatch("if (isCancelled(error)) { await other(); throw error; } log(error);"),
    inCatch("throw new Error(await other());"),
    `${imports}\nimport { rm } from "node:fs/promises";
export async function task() { try { await work(); } catch (error) { await rm(url); throw error; } }`,
    "export async function task() { try { await work(); } catch (error) { await other(); throw error; } }",
  ],
  invalid: [
    { code: inCatch("await other(); throw error;"), errors: ["lost"] },
    {
      code: inCatch("if (compute()) await sleep(1); throw new Error('x', { cause: error });"),
      errors: ["lost"],
    },
    { code: inCatch("await other(); if (compute()) return; throw error;"), errors: ["lost"] },
    { code: inCatch("try { await other(); } finally { log(1); } throw error;"), errors: ["lost"] },
  ],
};
