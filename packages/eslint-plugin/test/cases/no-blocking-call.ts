import type { Cases } from "../case.ts";

const imports = `import { sleep } from "@espalier/core";
import * as fs from "node:fs";
import { readFileSync as read } from "fs";
import { execSync } from "node:child_process";
import { createHash, pbkdf2Sync } from "node:crypto";
void fs; void read; void execSync; void createHash; void pbkdf2Sync;`;
const inTask = (code: string): string =>
  `${imports}\nexport async function task() { await sleep(1); ${code} }`;

export const cases: Cases = {
  valid: [
    inTask('await fs.promises.readFile(url); createHash("sha256");'),
    `${imports}\nread(url);\nexport function load() { return read(url); }`,
    `import * as fs from "node:fs";\nexport async function task() { fs.readFileSync(url); }`,
    { code: inTask("fs.existsSync(url);"), options: [{ allow: ["fs.existsSync"] }] },
    inTask("readFileSync(url);") + "\nfunction readFileSync(path: string) { log(path); }",
  ],
  invalid: [
    { code: inTask("fs.readFileSync(url);"), errors: ["blocking"] },
    { code: inTask("read(url);"), errors: ["blocking"] },
    { code: inTask('execSync("ls");'), errors: ["blocking"] },
    { code: inTask('pbkdf2Sync("a", "b", 1, 1, "sha256");'), errors: ["blocking"] },
    { code: inTask("Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);"), errors: ["blocking"] },
    {
      code: inTask("slow();") + "\nfunction slow() { log(1); }",
      errors: [],
      options: [{ calls: ["nothing"] }],
    },
  ].filter(({ errors }) => errors.length > 0),
};
