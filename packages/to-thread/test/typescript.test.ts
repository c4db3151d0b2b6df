import { threadModule, ThreadModuleError } from "@espalier/to-thread";
import { expect, it } from "vitest";

/** Bun and Deno do, Node since 22.18; `features` does not say so on the others. */
const runtimeStripsTypes =
  process.versions["bun"] !== undefined ||
  process.versions["deno"] !== undefined ||
  ((process.features as { typescript?: unknown }).typescript ?? false) !== false;

const typed = threadModule<typeof import("./fixtures/typed.ts")>(
  new URL("fixtures/typed.ts", import.meta.url),
);

it.runIf(runtimeStripsTypes)("a TypeScript module runs as it is where the runtime strips types", async () => {
  expect(await typed.twice(21)).toBe(42);
});

it.skipIf(runtimeStripsTypes)("elsewhere the error says what to do", async () => {
  await expect(typed.twice(21)).rejects.toThrow(ThreadModuleError);
  await expect(typed.twice(21)).rejects.toThrow("Give the address of the compiled module");
});
