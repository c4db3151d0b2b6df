import { type ThreadFunction, type ThreadModule, toThread } from "@espalier/to-thread";
import { expectTypeOf, it } from "vitest";
import { work } from "./support/work.ts";

interface Images {
  resize(bytes: Uint8Array, width: number, onProgress?: (share: number) => void): Uint8Array;
  describe(bytes: Uint8Array): Promise<{ width: number }>;
  ask(question: (text: string) => number): void;
  readonly version: string;
}

it("types each function as an async one, and leaves out what is none", () => {
  expectTypeOf<keyof ThreadModule<Images>>().toEqualTypeOf<"resize" | "describe" | "ask">();
  expectTypeOf<ReturnType<ThreadModule<Images>["resize"]>>().toEqualTypeOf<Promise<Uint8Array>>();
  expectTypeOf<ReturnType<ThreadModule<Images>["describe"]>>().toEqualTypeOf<Promise<{ width: number }>>();
  expectTypeOf<ThreadFunction<(a: number, b?: string) => void>>().toEqualTypeOf<
    (a: number, b?: string) => Promise<void>
  >();
});

it("lets a callback be async on the calling side", () => {
  expectTypeOf<Parameters<ThreadModule<Images>["ask"]>[0]>().toBeCallableWith("text");
  expectTypeOf<(text: string) => Promise<number>>().toExtend<Parameters<ThreadModule<Images>["ask"]>[0]>();
  expectTypeOf<(text: string) => Promise<string>>().not.toExtend<
    Parameters<ThreadModule<Images>["ask"]>[0]
  >();
});

it("knows the arguments and the value in toThread", () => {
  const call = () => toThread(work.add, [1, 2]);
  expectTypeOf(call).returns.toEqualTypeOf<Promise<number>>();
  // @ts-expect-error one argument is missing
  const missing = () => toThread(work.add, [1]);
  // @ts-expect-error of the wrong type
  const wrong = () => toThread(work.add, [1, "2"]);
  expectTypeOf(missing).toBeFunction();
  expectTypeOf(wrong).toBeFunction();
});
