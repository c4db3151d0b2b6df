import { readFileSync } from "node:fs";

/** A little program for the runtime that runs the tests, as `argv`. Its code is an expression or statements of JavaScript. */
export function program(code: string): string[] {
  const evaluate = process.versions["deno"] === undefined ? ["-e"] : ["eval"];
  return [process.execPath, ...evaluate, code];
}

export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Whether a process with this id is alive. A zombie counts: it has not been waited for. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Whether a process has ended and was not waited for. Linux only. */
export function isZombie(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid.trim()}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}
