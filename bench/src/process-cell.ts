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
  const program = fileURLToPath(new URL("cell.js", import.meta.url));
  const args = ["--expose-gc", program, workload, contender, String(size), JSON.stringify(effort)];
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, { stdio: ["ignore", "pipe", "pipe"], timeout: patienceMs });
    let output = "";
    let complaints = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(JSON.parse(output.trim().split("\n").at(-1) as string) as Measured);
      else reject(new Error(`${workload} by ${contender} ended with ${signal ?? code}\n${complaints}`));
    });
  });
}
