import type { Cases } from "../case.ts";

export const cases: Cases = {
  valid: [
    'import { checkpoint, sleep } from "@espalier/core";\nexport const task = async () => { await checkpoint(); await sleep(1); };',
    "export const task = () => sleep(0);\nfunction sleep(ms: number) { log(ms); }",
    'import { setTimeout as sleep } from "node:timers/promises";\nexport const task = () => sleep(0);',
  ],
  invalid: [
    {
      code: 'import { sleep } from "@espalier/core";\nexport const task = () => sleep(0);',
      errors: ["zero"],
      output: 'import { sleep, checkpoint } from "@espalier/core";\nexport const task = () => checkpoint();',
    },
    {
      code: 'import { sleep as nap, checkpoint as pause } from "espalier";\nexport const task = async () => { await nap(0); await pause(); };',
      errors: ["zero"],
      output:
        'import { sleep as nap, checkpoint as pause } from "espalier";\nexport const task = async () => { await pause(); await pause(); };',
    },
    {
      code: 'import * as core from "@espalier/core";\nexport const task = () => core.sleep(0);',
      errors: ["zero"],
      output: 'import * as core from "@espalier/core";\nexport const task = () => core.checkpoint();',
    },
    {
      // The name is taken where it would be written.
      code: 'import { sleep } from "@espalier/core";\nexport const task = (checkpoint: number) => { log(checkpoint); return sleep(0); };',
      errors: ["zero"],
    },
  ],
};
