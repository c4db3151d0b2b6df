/**
 * Puts the stack of the code that called below the stack that an error brought from its thread. It is asked for only when
 * there is an error: where the caller awaits, the engine still knows who that is.
 */
export function joinStack(error: unknown): void {
  if (!(error instanceof Error) || Object.isFrozen(error)) return;
  const stack: unknown = error.stack;
  const here = new Error("here").stack?.split("\n").slice(1) ?? [];
  const caller = here.filter((line) => !ours.test(line)).join("\n");
  if (typeof stack !== "string" || caller === "" || stack.includes(border)) return;
  Object.defineProperty(error, "stack", {
    value: `${stack}\n${border}\n${caller}`,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}

const border = "    --- called from another thread ---";
const ours = /\b(joinStack|asItLeaves|perform|callThread)\b/;
