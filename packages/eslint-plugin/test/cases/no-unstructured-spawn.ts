import type { Cases } from "../case.ts";

const imports =
  'import { sleep } from "@espalier/core";\nimport { openNursery } from "@espalier/nursery";\nvoid openNursery;';
const inTask = (code: string): string =>
  `${imports}\nexport async function task() { await sleep(1); ${code} }`;

export const cases: Cases = {
  valid: [
    inTask("setTimeout(() => { log(1); }, 1);"),
    inTask('emitter.on("data", (each) => { log(each); });'),
    inTask("ids.forEach((id) => { log(id); });"),
    inTask("ids.map(async (id) => { await sleep(id); });"),
    inTask("await openNursery((nursery) => { nursery.startSoon(async () => { await sleep(1); }); });"),
    inTask("new Promise<void>((resolve) => { resolve(); });"),
    // At the top level there is no task.
    `${imports}\nsetTimeout(async () => { await sleep(1); }, 1);\nemitter.on("data", async () => { await sleep(1); });`,
    `${imports}\nexport function listen() { emitter.on("data", async () => { await sleep(1); }); }`,
    "export async function task() { setTimeout(async () => { await work(); }, 1); }",
    // Not the timer.
    `${imports}\nexport async function task(setTimeout: (body: () => Promise<void>) => Promise<void>) { await setTimeout(async () => { await sleep(1); }); }`,
    { only: "untyped", code: inTask("setTimeout(work, 1);") },
  ],
  invalid: [
    { code: inTask("setTimeout(async () => { await sleep(1); }, 1);"), errors: ["timer"] },
    { code: inTask("globalThis.setInterval(async () => { await sleep(1); }, 1);"), errors: ["timer"] },
    { code: inTask("queueMicrotask(async () => { await sleep(1); });"), errors: ["timer"] },
    { code: inTask("process.nextTick(async () => { await sleep(1); });"), errors: ["timer"] },
    {
      code: inTask('const onData = async () => { await sleep(1); }; emitter.on("data", onData);'),
      errors: ["listener"],
    },
    { code: inTask('emitter.once("data", async () => { await sleep(1); });'), errors: ["listener"] },
    { code: inTask("ids.forEach(async (id) => { await sleep(id); });"), errors: ["each"] },
    {
      code: inTask("await new Promise<void>(async (resolve) => { await sleep(1); resolve(); });"),
      errors: ["executor"],
    },
    {
      code: `${imports}\nexport const task = () => openNursery(() => { setTimeout(async () => { await work(); }, 1); });`,
      errors: ["timer"],
    },
    {
      code: `${imports}\nimport { setTimeout as later } from "node:timers";\nexport async function task() { await sleep(1); later(async () => { await sleep(1); }, 1); }`,
      errors: ["timer"],
    },
    { only: "typed", code: inTask("setTimeout(work, 1);"), errors: ["timer"] },
  ],
};
