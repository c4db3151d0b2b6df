import type { Cases } from "../case.ts";

const imports = `import { Cancelled, isCancelled, sleep } from "@espalier/core";
import { CancelScope, moveOnAfter, shielded } from "@espalier/cancel-scope";
void CancelScope; void moveOnAfter; void shielded; void Cancelled; void isCancelled; void sleep;`;
const cleanup = (code: string): string =>
  `${imports}\nexport async function task() { try { await work(); } finally { ${code} } }`;

export const cases: Cases = {
  valid: [
    cleanup("log(1);"),
    cleanup("await Promise.resolve();"),
    cleanup("await shielded(() => server.stop(), { graceMs: 100 });"),
    cleanup("await shielded(async () => { await server.stop(); await sleep(1); }, { graceMs: 100 });"),
    cleanup("await moveOnAfter(100, () => server.stop(), { shield: true });"),
    cleanup("await new CancelScope({ timeout: 100, shield: true }).run(() => server.stop());"),
    cleanup(
      "const scope = new CancelScope({ shield: true }); await scope.run(async () => { await server.stop(); });",
    ),
    `${imports}\nimport { acloseForcefully, type SendStream } from "@espalier/stream";
export async function task(stream: SendStream) { try { await work(); } finally { await stream.aclose(); await acloseForcefully(stream); await stream[Symbol.asyncDispose](); } }`,
    `${imports}\nimport { rm } from "node:fs/promises";
export async function task() { try { await work(); } finally { await rm(url); } }`,
    cleanup("setTimeout(async () => { await work(); }, 1);"),
    "export async function task() { try { await work(); } finally { await server.stop(); } }",
    `${imports}\nexport async function task() { try { await work(); } catch (error) { if (isCancelled(error)) throw error; await other(); } }`,
    {
      only: "typed",
      code: `${imports}\nexport async function task(body: ReadableStream) { try { await work(); } finally { await body.cancel(); } }`,
    },
  ],
  invalid: [
    { code: cleanup("await server.stop();"), errors: ["cleanup"] },
    { code: cleanup("if (compute()) { await sleep(1); await other(); }"), errors: ["cleanup", "cleanup"] },
    { code: cleanup("await moveOnAfter(100, () => server.stop());"), errors: ["cleanup"] },
    { code: cleanup("await moveOnAfter(100, () => server.stop(), { shield: false });"), errors: ["cleanup"] },
    { code: cleanup("for await (const each of [work()]) log(each);"), errors: ["cleanup"] },
    {
      code: `${imports}\nexport async function task() { try { await work(); } catch (error) { if (isCancelled(error)) { await server.stop(); } throw error; } }`,
      errors: ["cleanup"],
    },
    {
      code: `${imports}\nexport async function task() { try { await work(); } catch (error) { if (error instanceof Cancelled) await server.stop(); throw error; } }`,
      errors: ["cleanup"],
    },
    {
      code: `${imports}\nexport class Pool { async [Symbol.asyncDispose]() { await server.stop(); } }`,
      errors: ["cleanup"],
    },
    {
      code: `${imports}\nexport const pool = { [Symbol.asyncDispose]: async () => { await server.stop(); } };`,
      errors: ["cleanup"],
    },
  ],
};
