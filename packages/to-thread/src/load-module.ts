import { errorMessage } from "@espalier/core/lowlevel";
import type { TargetDefinition } from "./messages.ts";
import { read } from "./foreign-values.ts";
import { ThreadModuleError } from "./thread-errors.ts";

type Module = Record<string, unknown>;

/** Imports a module into this thread. The runtime keeps it, so the next time costs next to nothing. */
export async function loadModule(url: string): Promise<Module> {
  try {
    return (await import(url)) as Module;
  } catch (error) {
    throw new ThreadModuleError(explain(url, error), { cause: error });
  }
}

/** The function that a call names. */
export function exportOf(module: Module, { url, name }: TargetDefinition): (...args: unknown[]) => unknown {
  const found = Object.hasOwn(module, name) ? module[name] : undefined;
  if (typeof found === "function") return found as (...args: unknown[]) => unknown;
  const functions = Object.keys(module).filter((each) => typeof module[each] === "function");
  throw new ThreadModuleError(
    `The module ${url} exports no function "${name}". ` +
      (functions.length === 0 ? "It exports no function at all." : `It exports ${functions.join(", ")}.`),
  );
}

function explain(url: string, error: unknown): string {
  const code = read(error, "code");
  const missing = read(error, "url");
  const message = errorMessage(error);
  const itself = missing === undefined || missing === url;
  if (code === "ERR_UNKNOWN_FILE_EXTENSION") {
    return (
      `The module ${url} cannot be loaded in a thread: this runtime does not run such files. Give the address of the ` +
      `compiled module, or use a runtime that strips types (Node 22.18 or later, Bun, Deno). (${message})`
    );
  }
  if (itself && (code === "ERR_MODULE_NOT_FOUND" || /^(Module not found|Cannot find module)/.test(message))) {
    return (
      `The module ${url} was not found. Give threadModule an address beside the file that is run: ` +
      `new URL("./name.js", import.meta.url). (${message})`
    );
  }
  return `The module ${url} could not be loaded in a thread: ${message}`;
}
