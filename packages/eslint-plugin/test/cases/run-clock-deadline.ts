import type { Cases } from "../case.ts";

const imports = `import { currentTime, sleepUntil } from "@espalier/core";
import { CancelScope, failAt, moveOnAt } from "@espalier/cancel-scope";
void currentTime; void sleepUntil; void CancelScope; void failAt; void moveOnAt;`;

export const cases: Cases = {
  valid: [
    `${imports}\nexport const task = () => moveOnAt(currentTime() + 10, () => work());`,
    `${imports}\nexport const task = () => sleepUntil(Infinity);`,
    `${imports}\nexport const task = (deadline: number) => new CancelScope({ deadline });`,
    `${imports}\nexport const task = () => { const start = Date.now(); log(start); return new CancelScope({ timeout: 5 }); };`,
    `import { sleepUntil } from "@espalier/core";\nimport { runVirtual } from "@espalier/testing";\nexport const test = () => runVirtual(() => sleepUntil(100));`,
    "export const task = () => sleepUntil(Date.now());\nfunction sleepUntil(time: number) { log(time); }",
  ],
  invalid: [
    {
      code: `${imports}\nexport const task = () => moveOnAt(Date.now() + 10, () => work());`,
      errors: ["clock"],
      output: `${imports}\nexport const task = () => moveOnAt(currentTime() + 10, () => work());`,
    },
    {
      code: `${imports}\nexport const task = () => sleepUntil(performance.now() + 10);`,
      errors: ["clock"],
      output: `${imports}\nexport const task = () => sleepUntil(currentTime() + 10);`,
    },
    { code: `${imports}\nexport const task = () => sleepUntil(+new Date());`, errors: ["clock"] },
    {
      code: `${imports}\nexport const task = () => new CancelScope({ deadline: Date.now() + 10 });`,
      errors: ["clock"],
      output: `${imports}\nexport const task = () => new CancelScope({ deadline: currentTime() + 10 });`,
    },
    {
      code: `${imports}\nexport const task = () => { const scope = new CancelScope(); scope.deadline = Date.now(); };`,
      errors: ["clock"],
      output: `${imports}\nexport const task = () => { const scope = new CancelScope(); scope.deadline = currentTime(); };`,
    },
    { code: `${imports}\nexport const task = () => failAt(5000, () => work());`, errors: ["constant"] },
    {
      code: 'import { moveOnAt } from "@espalier/cancel-scope";\nexport const task = () => moveOnAt(Date.now() + 10, () => work());',
      errors: ["clock"],
      suggestion:
        'import { currentTime } from "@espalier/core";\nimport { moveOnAt } from "@espalier/cancel-scope";\nexport const task = () => moveOnAt(currentTime() + 10, () => work());',
    },
  ],
};
