import type * as Debug from "./debug.ts";
import type { Observer } from "./instruments.ts";

interface Process {
  readonly env?: Record<string, string | undefined>;
  readonly getBuiltinModule?: (name: "node:module") => typeof import("node:module") | undefined;
}

/** Whether the environment asks for debug mode everywhere. */
export function debugWanted(): boolean {
  return environment()?.env?.["ESPALIER_DEBUG"] === "1";
}

/**
 * The observer of debug mode for the ambient runtime, if the environment asks for it. Its code is loaded only then, and at
 * once, because the next line of the program may open a scope. Imported as usual it would be an eighth of a bundle that
 * holds nothing but a time limit.
 */
export function ambientDebugObserver(): Observer | undefined {
  if (!debugWanted()) return undefined;
  try {
    const { createRequire } = environment()?.getBuiltinModule?.("node:module") ?? {};
    const file = import.meta.url.endsWith(".ts") ? "./debug.ts" : "./debug.js";
    const { DebugObserver } = (createRequire as typeof import("node:module").createRequire)(import.meta.url)(
      file,
    ) as typeof Debug;
    return new DebugObserver(undefined);
  } catch (error) {
    console.error(
      "espalier: ESPALIER_DEBUG=1 has no effect outside of run(): debug mode is loaded from the installed package " +
        "@espalier/core, and was not found (a bundler has left it out). Keep the package out of the bundle.",
      error,
    );
    return undefined;
  }
}

function environment(): Process | undefined {
  return (globalThis as { process?: Process }).process;
}
