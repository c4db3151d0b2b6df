import { moveOnAfter } from "@espalier/cancel-scope";
import { openMemoryChannel } from "@espalier/channel";
import {
  all,
  allSettled,
  any,
  every,
  exponentialDelay,
  mapConcurrent,
  race,
  retry,
} from "@espalier/combinators";
import { checkpoint, rethrowIfCancelled, sleep } from "@espalier/core";
import { expect } from "vitest";

import { allCancelledEverywhere, type Program } from "../everywhere.ts";

/*
 * Each combinator in a program that is cancelled at every checkpoint in turn, on entry and while it waits: nothing may be
 * left running, parked, armed or open.
 */

async function work(ms: number): Promise<number> {
  await sleep(ms);
  await checkpoint();
  return ms;
}

async function fail(ms: number): Promise<never> {
  await sleep(ms);
  throw new Error("expected");
}

/** Raises a cancellation, and nothing else. */
function expected(error: unknown): void {
  rethrowIfCancelled(error);
}

/** An async source that says whether it is open. */
class CountingSource {
  open = 0;

  async *items(): AsyncGenerator<number> {
    this.open++;
    try {
      for (let n = 1; n <= 4; n++) {
        await sleep(n % 2);
        yield n;
      }
    } finally {
      this.open--;
    }
  }
}

const programs: Record<string, () => Program> = {
  "all that succeed": () => ({ main: () => all({ a: () => work(1), b: () => work(2), c: () => work(2) }) }),
  "all of which one fails": () => ({
    main: () => all([() => work(5), () => fail(2), () => work(1)]).catch(expected),
  }),
  allSettled: () => ({ main: () => allSettled([() => work(2), () => fail(1), () => work(3)]) }),
  race: () => ({ main: () => race([() => work(3), () => work(1), () => work(2)]), mayEnd: true }),
  "race over channels": () => {
    const [send, receive] = openMemoryChannel<number>();
    return {
      main: () =>
        all([
          () => race([() => receive.receive(), () => work(2)]),
          async () => {
            await moveOnAfter(1, () => send.send(1));
          },
        ]),
      check: () => {
        expect(send.statistics()).toMatchObject({ tasksWaitingSend: 0, tasksWaitingReceive: 0 });
      },
      mayEnd: true,
    };
  },
  any: () => ({ main: () => any([() => fail(1), () => work(2), () => work(5)]), mayEnd: true }),
  "any of which none succeeds": () => ({
    main: () => any([() => fail(1), () => fail(2), () => fail(3)]).catch(expected),
  }),
  "mapConcurrent of an array": () => ({ main: () => mapConcurrent([3, 1, 2, 1], { limit: 2 }, work) }),
  "mapConcurrent of an async source": () => {
    const source = new CountingSource();
    return {
      main: () => mapConcurrent(source.items(), { limit: 2, ordered: false }, work),
      check: () => {
        expect(source.open).toBe(0);
      },
    };
  },
  "mapConcurrent that fails": () => {
    const source = new CountingSource();
    return {
      main: () =>
        mapConcurrent(source.items(), { limit: 3 }, (n) => (n === 3 ? fail(1) : work(5))).catch(expected),
      check: () => {
        expect(source.open).toBe(0);
      },
    };
  },
  "mapConcurrent into a block": () => {
    const source = new CountingSource();
    return {
      main: () =>
        mapConcurrent(source.items(), { limit: 2 }, work, async (results) => {
          let sum = 0;
          for await (const result of results) {
            sum += result;
            await sleep(1);
          }
          return sum;
        }),
      check: () => {
        expect(source.open).toBe(0);
      },
    };
  },
  "mapConcurrent into a block that leaves early": () => {
    const source = new CountingSource();
    return {
      main: () =>
        mapConcurrent(source.items(), { limit: 2 }, work, async (results) => {
          for await (const result of results) if (result === 2) return result;
          return undefined;
        }),
      check: () => {
        expect(source.open).toBe(0);
      },
      mayEnd: true,
    };
  },
  "retry that succeeds": () => ({
    main: () =>
      retry({ maxAttempts: 4, delayMs: exponentialDelay({ baseMs: 1 }), jitter: 0.5 }, (attempt) =>
        attempt < 3 ? fail(1) : work(1),
      ),
  }),
  "retry that gives up": () => ({
    main: () => retry({ maxAttempts: 3, delayMs: 1 }, () => fail(1)).catch(expected),
  }),
  every: () => ({ main: () => moveOnAfter(12, () => every(5, () => work(1))) }),
  "all of them, nested": () => ({
    main: () =>
      all([
        () => race([() => retry({ maxAttempts: 2, delayMs: 1 }, () => work(1)), () => work(9)]),
        () => mapConcurrent([1, 2], { limit: 1 }, (n) => any([() => work(n), () => work(9)])),
        () => allSettled([() => work(1), () => all({ x: () => work(2) })]),
      ]),
    mayEnd: true,
  }),
};

allCancelledEverywhere(programs);
