import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Effort, Measured } from "./measure.ts";

/** A cell takes seconds. One that takes minutes hangs, or is quadratic. */
const patienceMs = 180_000;

/** Measures one cell in a fresh process of the given Node. */
export function measureInProcess(
  node: string,
  workload: string,
  contender: string,
  size: number,
  effort: Effort,
): Promise<Measured> {
  const args = ["--expose-gc", program("cell"), workload, contender, String(size), JSON.stringify(effort)];
  return answerOf<Measured>(node, args, `${workload} by ${contender}`);
}

/** The path of a program that was built beside this one. */
export function program(name: string): string {
  return fileURLToPath(new URL(`${name}.js`, import.meta.url));
}

/** Runs a process; gives the last line that it printed, which is JSON. Rejects, with its complaints, if it fails. */
export function answerOf<T>(node: string, args: readonly string[], what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, { stdio: ["ignore", "pipe", "pipe"], timeout: patienceMs });
    let output = "";
    let complaints = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(JSON.parse(output.trim().split("\n").at(-1) as string) as T);
      else reject(new Error(`${what} ended with ${signal ?? code}\n${complaints}`));
    });
  });
}
