import type { Cases } from "../case.ts";

export const cases: Cases = {
  valid: [
    'import { sleep, sleepForever } from "@espalier/core";\nexport const task = async () => { await sleep(86_400_000); await sleep(24 * 60 * 60 * 1000); await sleepForever(); };',
    "export const task = () => sleep(Infinity);\nfunction sleep(ms: number) { log(ms); }",
    'import { sleep } from "@espalier/core";\nexport const task = (ms: number) => sleep(ms);',
  ],
  invalid: [
    {
      code: 'import { sleep } from "@espalier/core";\nexport async function task() { await sleep(Infinity); }',
      errors: ["infinite"],
      output:
        'import { sleep, sleepForever } from "@espalier/core";\nexport async function task() { await sleepForever(); }',
    },
    {
      code: 'import { sleep } from "@espalier/core";\nexport const task = (): Promise<void> => sleep(365 * 24 * 60 * 60 * 1000);',
      errors: ["long"],
      suggestion:
        'import { sleep, sleepForever } from "@espalier/core";\nexport const task = (): Promise<void> => sleepForever();',
    },
    {
      code: 'import { sleep } from "@espalier/core";\nexport const task = () => sleep(2 ** 31);',
      errors: ["long"],
      suggestion:
        'import { sleep, sleepForever } from "@espalier/core";\nexport const task = () => sleepForever();',
    },
  ],
};
