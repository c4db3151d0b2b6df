import type { Cases } from "../case.ts";

const imports = 'import { openNursery, type Nursery } from "@espalier/nursery";\nvoid openNursery;';
const start = (argument: string): string =>
  `${imports}\nexport const task = () => openNursery(async (nursery) => { await nursery.start(${argument}); });`;

export const cases: Cases = {
  valid: [
    start("async (started: (value: number) => void) => { started(1); await work(); }"),
    start("async (started: () => void) => { await serve(started); }") +
      "\ndeclare function serve(started: () => void): Promise<void>;",
    start("serve") + "\nasync function serve(started: () => void) { started(); await work(); }",
    start("serve") + "\ndeclare function serve(started: () => void): Promise<void>;",
    `${imports}\nexport const task = () => openNursery((nursery) => { nursery.startSoon(async () => { await work(); }); });`,
    'import { sleep } from "@espalier/core";\nexport async function task(engine: { start(body: () => Promise<void>): Promise<void> }) { await engine.start(async () => { await sleep(1); }); }',
  ],
  invalid: [
    { code: start("async () => { await work(); }"), errors: ["never"] },
    { code: start("async (started: () => void) => { await work(); }"), errors: ["never"] },
    {
      code: start("serve") + "\nasync function serve(started: () => void) { await work(); }",
      errors: ["never"],
    },
    { code: start("serve") + "\nconst serve = async () => { await work(); };", errors: ["never"] },
    {
      code: `${imports}\nexport async function task(nursery: Nursery) { await nursery.start(async () => { await work(); }); }`,
      errors: ["never"],
    },
  ],
};
