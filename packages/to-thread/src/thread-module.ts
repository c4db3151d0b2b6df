import { callThread } from "./to-thread.ts";
import { targetFor } from "./target.ts";
import { nameThreadFunction, type ThreadFunction } from "./thread-function.ts";

/** The exports of a module that are functions, each as an async function that runs in a thread. */
export type ThreadModule<M> = {
  readonly [K in keyof M as M[K] extends (...args: never[]) => unknown ? K : never]: ThreadFunction<M[K]>;
};

/**
 * Names a module whose functions are to run in threads. Each export becomes an async function; calling it runs the export in
 * a thread of the pool (see `toThread`, which also takes options). The module is loaded by the thread that first needs it,
 * not here: a `type` import is all that this side has of it.
 *
 * @checkpoint never (the functions: always)
 * @param url - Where the module is: `new URL("./hashing.js", import.meta.url)`.
 * @throws {TypeError} `url` is not the address of a module.
 * @example
 * ```ts
 * import { threadModule } from "@espalier/to-thread";
 *
 * interface Hashing {
 *   digest(text: string, onProgress?: (share: number) => void): string;
 * }
 * // As a rule: threadModule<typeof import("./hashing.js")>(new URL("./hashing.js", import.meta.url))
 * const hashing = threadModule<Hashing>(new URL("./hashing.js", import.meta.url));
 * const digest = await hashing.digest("some text", (share) => console.log(share));
 * ```
 */
export function threadModule<M>(url: URL | string): ThreadModule<M> {
  const href = addressOf(url);
  const functions = new Map<string, unknown>();
  const handler: ProxyHandler<object> = {
    get(_target, key) {
      // Not a thenable, whoever awaits it; and nothing that printing or JSON would call.
      if (typeof key === "symbol" || key === "then" || key === "toJSON") return undefined;
      let fn = functions.get(key);
      if (fn === undefined) {
        const target = targetFor(href, key);
        fn = nameThreadFunction(target, (...args: unknown[]) => callThread(target, args, {}));
        functions.set(key, fn);
      }
      return fn;
    },
    set: () => false,
    defineProperty: () => false,
  };
  return new Proxy(Object.freeze({}), handler) as ThreadModule<M>;
}

function addressOf(url: unknown): string {
  const address = url instanceof URL ? url.href : url;
  if (typeof address === "string" && /^(file|https?|node|npm|jsr):/.test(address)) return address;
  if (typeof address === "string" && /^(data|blob):/.test(address)) {
    throw new TypeError("threadModule runs no source text: give it the address of a file.");
  }
  throw new TypeError(
    'threadModule needs the address of a module: new URL("./hashing.js", import.meta.url). A relative path is not enough, ' +
      "because it does not say relative to what.",
  );
}
