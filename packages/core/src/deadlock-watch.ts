import { macrotask } from "./macrotask.ts";
import { shared } from "./registry.ts";

/*
 * The event loop runs dry when no timer, socket or other handle is left that could call back. Node, Bun and Deno say so by
 * "beforeExit"; where there is no such event nothing is detected. One listener serves all runs.
 */

interface Host {
  on(event: "beforeExit", listener: () => void): unknown;
  off(event: "beforeExit", listener: () => void): unknown;
}

const watchers: Set<() => void> = /* @__PURE__ */ shared("deadlock watchers", () => new Set());

/** Calls `onDry` each time the event loop has run dry. Gives a function that ends the watch. */
export function watchForDryLoop(onDry: () => void): () => void {
  const host = (globalThis as { process?: Partial<Host> }).process;
  if (host?.on === undefined || host.off === undefined) return () => undefined;
  if (watchers.size === 0) host.on("beforeExit", tellAll);
  watchers.add(onDry);
  return () => {
    watchers.delete(onDry);
    if (watchers.size === 0) host.off?.("beforeExit", tellAll);
  };
}

function tellAll(): void {
  if (watchers.size > 0) macrotask(() => undefined); // one more turn of the loop, in which the runs can unwind
  for (const tell of [...watchers]) tell();
}
