import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Order } from "./echo-clients.ts";
import type { Echoed } from "./workloads/echo.ts";

const clients = fileURLToPath(new URL("echo-clients.js", import.meta.url));

/** Lets clients in another process talk to an echo server until all is sent back. */
export async function driveEcho(order: Order): Promise<Echoed> {
  const { stdout } = await promisify(execFile)(process.execPath, [clients, JSON.stringify(order)]);
  return JSON.parse(stdout) as Echoed;
}
