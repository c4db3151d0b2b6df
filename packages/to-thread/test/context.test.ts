import { carryStore, threadModule } from "@espalier/to-thread";
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it } from "vitest";

interface Request {
  current(): string | undefined;
  both(): unknown[];
  currentLater(): Promise<string | undefined>;
}
const request = threadModule<Request>(new URL("./fixtures/request.mjs", import.meta.url));

describe("carryStore", () => {
  const requestId = new AsyncLocalStorage<string>();
  const other = new AsyncLocalStorage<unknown>();
  carryStore("requestId", requestId);
  carryStore("other", other);

  it("lets the value of the call be there in the thread, sync and async, and no other's", async () => {
    const seen = await Promise.all([
      requestId.run("one", () => request.current()),
      requestId.run("two", () => request.currentLater()),
      request.current(),
    ]);
    expect(seen).toEqual(["one", "two", undefined]);
  });

  it("leaves at home what cannot be cloned, and only that", async () => {
    const seen = await requestId.run("one", () => other.run({ fn: () => 1 }, () => request.both()));
    expect(seen).toEqual(["one", undefined]);
  });

  it("refuses what is no storage", () => {
    expect(() => carryStore("x", {} as never)).toThrow(TypeError);
  });
});
