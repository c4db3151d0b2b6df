import type { Cases } from "../case.ts";

const imports = 'import { checkpoint } from "@espalier/core";\nvoid checkpoint;';
const inTask = (code: string): string => `${imports}\nexport async function task() { ${code} }`;

export const cases: Cases = {
  valid: [
    inTask("for (;;) { await work(); }"),
    inTask("while (true) { if (compute()) await work(); else await other(); }"),
    inTask("while (true) { if (compute()) continue_(); await work(); }") +
      "\nfunction continue_() { log(1); }",
    inTask("while (true) { if (compute()) break; if (compute()) return; await work(); }"),
    // A computation that ends by itself.
    inTask("while (true) { if (compute() > 1) break; log(1); }"),
    inTask("while (compute()) { log(1); }"),
    `${imports}\nexport function busy() { for (;;) { log(1); } }`,
    "export async function task() { for (;;) { log(1); } }",
    inTask("outer: for (;;) { await work(); for (;;) { if (compute()) continue outer; await work(); } }"),
  ],
  invalid: [
    { code: inTask("for (;;) { log(1); }"), errors: ["never"] },
    { code: inTask("while (true) { if (compute()) await work(); }"), errors: ["path"] },
    { code: inTask("while (true) { if (compute()) continue; await work(); }"), errors: ["path"] },
    { code: inTask("for (;;) { try { await work(); } catch { log(1); } }"), errors: ["path"] },
    {
      code: inTask("for (;;) { switch (compute()) { case 1: await work(); break; default: log(1); } }"),
      errors: ["path"],
    },
  ],
};
