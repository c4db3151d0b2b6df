import { setTimeout as sleep } from "node:timers/promises";
import { vi } from "vitest";
import { foreign, type Observations } from "./rows.ts";

export const promises: Observations = {
  async "a block ends while its child runs: the child"() {
    let child = "goes on";
    async function block(): Promise<void> {
      void sleep(20).then(() => (child = "has ended"));
    }
    await block();
    return child;
  },
  async "one of two fails: the other, when you have the error"() {
    let other = "goes on";
    const controller = new AbortController();
    const failing = async (): Promise<never> => {
      await sleep(5);
      controller.abort();
      throw new Error("a");
    };
    const working = async (): Promise<void> => {
      try {
        await sleep(60_000, undefined, { signal: controller.signal });
      } finally {
        await sleep(5); // its cleanup
        other = "has ended";
      }
    };
    await Promise.all([failing(), working()]).catch(() => undefined);
    return other;
  },
  async "one fails, the other in its cleanup: the errors"() {
    const controller = new AbortController();
    const failing = async (): Promise<never> => {
      await sleep(5);
      controller.abort();
      throw new Error("a");
    };
    const cleaning = async (): Promise<void> => {
      try {
        await sleep(60_000, undefined, { signal: controller.signal });
      } finally {
        // eslint-disable-next-line no-unsafe-finally
        throw new Error("b");
      }
    };
    const error: unknown = await Promise.all([failing(), cleaning()]).catch((each: unknown) => each);
    return error instanceof AggregateError ? "both" : "only one";
  },
  async "a `catch` takes the cancellation: what follows"() {
    const signal = AbortSignal.timeout(5);
    try {
      await sleep(60_000, undefined, { signal });
    } catch {
      // too broad
    }
    await sleep(1); // this one was not given the signal
    return "goes on";
  },
  async "cleanup that waits, without a word about it"() {
    let cleanup = "goes on alone";
    const controller = new AbortController();
    const working = async (): Promise<void> => {
      try {
        await sleep(60_000, undefined, { signal: controller.signal });
      } finally {
        await sleep(10);
        cleanup = "is waited for";
      }
    };
    const limit = sleep(5).then(() => {
      controller.abort();
    });
    const work = working();
    work.catch(() => undefined);
    await Promise.race([work, limit]);
    return cleanup;
  },
  async "cleanup that hangs, with a limit of its own"() {
    const hangs = sleep(60_000, "hangs", { ref: false });
    const outcome = await Promise.race([hangs, sleep(10)]);
    return outcome === "hangs" ? outcome : "by hand: it goes on alone";
  },
  async "a time limit passes: the work, when you go on"() {
    let work = "goes on";
    const working = sleep(20).then(() => (work = "has ended"));
    await Promise.race([working, sleep(5)]);
    return work;
  },
  async "a receive is given up: the next item"() {
    const { readable, writable } = new TransformStream<string, string>();
    const reader = readable.getReader();
    const writer = writable.getWriter();
    await Promise.race([reader.read(), sleep(5)]);
    void writer.write("item");
    const next = await Promise.race([reader.read(), sleep(20)]);
    return next === undefined ? "is lost" : "is kept";
  },
  async "nobody takes the items: the sender"() {
    const { writable } = new TransformStream<number, number>();
    const writer = writable.getWriter();
    const sending = (async () => {
      for (let item = 0; item < 1000; item++) await writer.write(item);
      return "goes on";
    })();
    return Promise.race([sending, sleep(20, "waits")]);
  },
  async "the receivers are gone: a sender that waits"() {
    const { readable, writable } = new TransformStream<number, number>();
    const writer = writable.getWriter();
    writer.closed.catch(() => undefined);
    const sending = (async () => {
      for (let item = 0; item < 1000; item++) await writer.write(item);
    })().catch((error: unknown) => error);
    await sleep(5);
    await readable.cancel(new Error("gone"));
    const outcome = await Promise.race([sending, sleep(20, "waits")]);
    return outcome === "waits" ? "waits" : "gets an error";
  },
  async "an hour, in a test"() {
    vi.useFakeTimers();
    try {
      let over = false;
      setTimeout(() => (over = true), 3_600_000);
      await vi.advanceTimersByTimeAsync(3_600_000);
      return over ? "is moved on by hand" : "is an hour";
    } finally {
      vi.useRealTimers();
    }
  },
  async "a promise that takes no signal is given up"() {
    let over = false;
    const old = foreign(60).then(() => (over = true));
    await Promise.race([old, sleep(5)]);
    return over ? "waits for it" : "stops waiting";
  },
};
