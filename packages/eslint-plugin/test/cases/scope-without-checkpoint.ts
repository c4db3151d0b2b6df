import type { Cases } from "../case.ts";

const imports =
  'import { CancelScope, failAfter, moveOnAfter } from "@espalier/cancel-scope";\nvoid CancelScope; void failAfter; void moveOnAfter;';

export const cases: Cases = {
  valid: [
    `${imports}\nexport const task = () => moveOnAfter(1, async () => { await work(); });`,
    `${imports}\nexport const task = () => moveOnAfter(1, () => work());`,
    `${imports}\nexport const task = () => moveOnAfter(1, () => { return work(); });`,
    `${imports}\nexport const task = () => failAfter(1, async () => { for await (const each of [1]) log(each); });`,
    `${imports}\nexport const task = () => moveOnAfter(1, work);`,
    'import { openNursery } from "@espalier/nursery";\nexport const task = () => openNursery((nursery) => { nursery.startSoon(work); });',
    "export const task = () => moveOnAfter(1, () => { log(1); });\nfunction moveOnAfter(ms: number, body: () => void) { log(ms, body); }",
  ],
  invalid: [
    { code: `${imports}\nexport const task = () => moveOnAfter(1, () => { log(1); });`, errors: ["idle"] },
    {
      code: `${imports}\nexport const task = () => failAfter(1, async () => { const later = async () => { await work(); }; log(later); });`,
      errors: ["idle"],
    },
    {
      code: `${imports}\nexport const task = () => new CancelScope().run(() => { compute(); });`,
      errors: ["idle"],
    },
    {
      code: `${imports}\nconst scope = new CancelScope();\nexport const task = () => scope.run(() => { compute(); });`,
      errors: ["idle"],
    },
    {
      code: 'import * as e from "espalier";\nexport const task = () => e.moveOnAt(e.currentTime() + 1, () => { compute(); });',
      errors: ["idle"],
    },
  ],
};
