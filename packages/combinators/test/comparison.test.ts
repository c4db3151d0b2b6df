import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { failAfter, moveOnAfter } from "@espalier/cancel-scope";
import { all, allSettled, any, every, mapConcurrent, race, retry } from "@espalier/combinators";
import { MisuseError, run, sleep } from "@espalier/core";
import { MockClock } from "@espalier/core/testing";
import { rejection } from "@espalier/test-support";
import pLimit from "p-limit";
import pMap, { pMapIterable } from "p-map";
import pRetry from "p-retry";
import { describe, expect, it } from "vitest";
import { failing } from "./support.ts";

/*
 * The tables of the README that set each combinator beside what people use today. Every cell is what was observed here, by
 * running both.
 */

/** Each row, by its first cell: what is observed on the one side, and on ours. */
const rows: Record<string, [theirs: () => Promise<string>, ours: () => Promise<string>]> = {
  // Promise.all | all
  "one fails: the others, when it rejects": [
    () => stateOfOthers((body) => Promise.all([failing("no")(), body()])),
    () => stateOfOthers((body) => all([failing("no"), body])),
  ],
  "two fail: the errors that come out": [
    async () => errorsOf(await rejection(Promise.all([failing("a"), failing("b")].map((body) => body())))),
    async () => errorsOf(await rejection(all([failing("a"), failing("b")]))),
  ],
  "a time limit passes: the work": [
    () => stateOfOthers((body) => Promise.race([Promise.all([body()]), setTimeout(5)])),
    () => stateOfOthers((body) => moveOnAfter(5, () => all([body]))),
  ],
  "a record instead of an array": [
    () => outcome(() => Promise.all({ a: 1 } as unknown as Iterable<Promise<number>>)),
    () => outcome(() => all({ a: () => 1 })),
  ],

  // Promise.allSettled | allSettled
  "it is timed out: the work": [
    () => stateOfOthers((body) => Promise.race([Promise.allSettled([body()]), setTimeout(5)])),
    () => stateOfOthers((body) => moveOnAfter(5, () => allSettled([body]))),
  ],

  // Promise.race | race
  "the losers, when it returns": [
    () => stateOfOthers((body) => Promise.race([setTimeout(1), body()])),
    () => stateOfOthers((body) => race([() => sleep(1), body])),
  ],
  "a loser that fails afterwards": [
    () => outcome(() => Promise.race([setTimeout(1, "first"), setTimeout(5).then(failing("cleanup"))])),
    () =>
      outcome(() =>
        race([
          () => setTimeout(1, "first"),
          async () => {
            try {
              await sleep(5);
            } finally {
              throw new Error("cleanup");
            }
          },
        ]),
      ),
  ],
  "nobody takes part": [
    () => outcome(() => Promise.race([Promise.race([]), setTimeout(20, "waits for ever")])),
    () => outcome(() => race([])),
  ],

  // Promise.any | any
  "the others, when one has succeeded": [
    () => stateOfOthers((body) => Promise.any([setTimeout(1), body()])),
    () => stateOfOthers((body) => any([() => sleep(1), body])),
  ],
  "all fail": [
    async () => errorsOf(await rejection(Promise.any([failing("a")(), failing("b")()]))),
    async () => errorsOf(await rejection(any([failing("a"), failing("b")]))),
  ],

  // p-limit | mapConcurrent
  "a call fails: calls that had not begun": [
    async () => {
      const limit = pLimit(1);
      return startedAfterFailure((call) => Promise.all([1, 2, 3].map((n) => limit(() => call(n)))));
    },
    () => startedAfterFailure((call) => mapConcurrent([1, 2, 3], { limit: 1 }, call)),
  ],
  "items of a generator that were pulled when the first call begins": [
    async () => {
      const limit = pLimit(2);
      return pulledAtFirstCall((items, call) => Promise.all(Array.from(items, (n) => limit(() => call(n)))));
    },
    () => pulledAtFirstCall((items, call) => mapConcurrent(items, { limit: 2 }, call)),
  ],

  // p-map | mapConcurrent
  "a call fails: the calls under way, when it rejects": [
    () => stateOfOthers((body) => pMap([1, 2], (n) => (n === 1 ? failsSoon() : body()), { concurrency: 2 })),
    () =>
      stateOfOthers((body) => mapConcurrent([1, 2], { limit: 2 }, (n) => (n === 1 ? failsSoon() : body()))),
  ],
  "two calls fail: the errors": [
    async () => errorsOf(await rejection(pMap(["a", "b"], failsWith, { concurrency: 2 }))),
    async () => errorsOf(await rejection(mapConcurrent(["a", "b"], { limit: 2 }, failsWith))),
  ],
  "a call fails: the async iterable, when it rejects": [
    () => closedAfterFailure((items) => pMap(items, failing("no"), { concurrency: 2 })),
    () => closedAfterFailure((items) => mapConcurrent(items, { limit: 2 }, failing("no"))),
  ],
  "leaving a stream of results early: the calls under way": [
    () =>
      stateOfOthers(async (body) => {
        const results = pMapIterable([1, 2], (n) => (n === 1 ? setTimeout(1) : body()), { concurrency: 2 });
        for await (const _ of results) break;
      }),
    () =>
      stateOfOthers((body) =>
        mapConcurrent(
          [1, 2],
          { limit: 2 },
          (n) => (n === 1 ? sleep(1) : body()),
          async (results) => {
            for await (const _ of results) break;
          },
        ),
      ),
  ],
  "results as they are ready": [
    async () => {
      const results: number[] = [];
      for await (const ms of pMapIterable([20, 1], (ms) => setTimeout(ms, ms), { concurrency: 2 }))
        results.push(ms);
      return results[0] === 1 ? "yes" : "no, in order";
    },
    async () => {
      const results = await mapConcurrent([20, 1], { limit: 2, ordered: false }, (ms) => setTimeout(ms, ms));
      return results[0] === 1 ? "yes" : "no, in order";
    },
  ],

  // p-retry | retry
  "a race is decided during a delay": [
    () =>
      attemptsAfterRace((attempt) =>
        Promise.race([pRetry(attempt, { retries: 2, minTimeout: 150, factor: 1 }), setTimeout(5)]),
      ),
    () =>
      attemptsAfterRace((attempt) =>
        race([() => retry({ maxAttempts: 3, delayMs: 150 }, attempt), () => sleep(5)]),
      ),
  ],
  "a delay would end after the limit": [
    async () => {
      const started = performance.now();
      const error = await rejection(
        pRetry(failing("no"), { retries: 2, minTimeout: 10_000, factor: 1, signal: AbortSignal.timeout(50) }),
      );
      return `${performance.now() - started > 40 ? "waits for the limit" : "at once"}: ${(error as Error).name}`;
    },
    async () => {
      const started = performance.now();
      const error = await rejection(
        failAfter(5000, () => retry({ maxAttempts: 3, delayMs: 10_000 }, failing("the last error"))),
      );
      return `${performance.now() - started > 4000 ? "waits for the limit" : "at once"}: ${(error as Error).message}`;
    },
  ],
  "a `TypeError`": [
    () => attemptsAt((attempt) => pRetry(attempt, { retries: 2, minTimeout: 0 })),
    () => attemptsAt((attempt) => retry({ maxAttempts: 3, delayMs: 0 }, attempt)),
  ],
  "what is thrown is no `Error`": [
    async () => describeError(await rejection(pRetry(() => Promise.reject("text"), { retries: 0 }))),
    async () =>
      describeError(await rejection(retry({ maxAttempts: 1, delayMs: 0 }, () => Promise.reject("text")))),
  ],

  // setInterval | every
  "a call takes longer than the interval": [
    async () => {
      let running = 0;
      let most = 0;
      const timer = setInterval(() => {
        most = Math.max(most, ++running);
        void setTimeout(60).then(() => running--);
      }, 5);
      await setTimeout(50);
      clearInterval(timer);
      return most > 1 ? "calls overlap" : "calls never overlap";
    },
    async () => {
      let running = 0;
      let most = 0;
      await moveOnAfter(200, () =>
        every(5, async () => {
          most = Math.max(most, ++running);
          await sleep(60);
          running--;
        }),
      );
      return most > 1 ? "calls overlap" : "calls never overlap";
    },
  ],
  "the first call": [
    async () => {
      let calls = 0;
      const timer = setInterval(() => calls++, 10_000);
      await setTimeout(20);
      clearInterval(timer);
      return calls === 1 ? "at once" : "after the first interval";
    },
    async () => {
      let calls = 0;
      await moveOnAfter(20, () => every(10_000, () => calls++));
      return calls === 1 ? "at once" : "after the first interval";
    },
  ],
  "under a virtual clock, in a test": [
    async () => {
      let calls = 0;
      const timer = setInterval(() => calls++, 3_600_000);
      await run(() => sleep(36_000_000), { clock: new MockClock({ autojumpThresholdMs: 0 }) });
      clearInterval(timer);
      return calls === 0 ? "needs its own fake" : `${calls} calls in 10 hours`;
    },
    async () => {
      let calls = 0;
      const main = () => moveOnAfter(36_000_000, () => every(3_600_000, () => calls++));
      await run(main, { clock: new MockClock({ autojumpThresholdMs: 0 }) });
      return calls === 0 ? "needs its own fake" : `${calls} calls in 10 hours`;
    },
  ],
};

/** Gives a body to work that ends without it, and looks whether it has ended when the work has. */
async function stateOfOthers(work: (body: () => Promise<void>) => Promise<unknown>): Promise<string> {
  let state = "not begun";
  const body = async (): Promise<void> => {
    state = "go on";
    await sleep(30).finally(() => {
      state = "have ended";
    });
  };
  await work(body).catch(() => undefined);
  const seen = state;
  await setTimeout(40); // let what went on end before the next row
  return seen;
}

function errorsOf(error: unknown): string {
  return error instanceof AggregateError
    ? error.errors.map((each) => (each as Error).message).join(" and ")
    : `only ${(error as Error).message}`;
}

async function outcome(work: () => Promise<unknown>): Promise<string> {
  try {
    const value = await work();
    return typeof value === "string" ? value : `gives ${JSON.stringify(value).replaceAll('"', "")}`;
  } catch (error) {
    if (error instanceof MisuseError) return "rejects: MisuseError";
    return error instanceof TypeError ? "rejects: TypeError" : `rejects: ${(error as Error).message}`;
  }
}

async function failsSoon(): Promise<never> {
  await setTimeout(2);
  throw new Error("no");
}

async function failsWith(message: string): Promise<never> {
  throw new Error(message);
}

async function startedAfterFailure(
  work: (call: (n: number) => Promise<void>) => Promise<unknown>,
): Promise<string> {
  const started: number[] = [];
  await work(async (n) => {
    started.push(n);
    if (n === 1) throw new Error("no");
  }).catch(() => undefined);
  await setTimeout(10);
  return started.length > 1 ? "begin all the same" : "never begin";
}

async function pulledAtFirstCall(
  work: (items: Iterable<number>, call: (n: number) => Promise<void>) => Promise<unknown>,
): Promise<string> {
  let pulled = 0;
  let atFirstCall: number | undefined;
  function* items(): Generator<number> {
    while (pulled < 1000) yield pulled++;
  }
  await work(items(), async () => {
    atFirstCall ??= pulled;
  });
  return atFirstCall === 1000 ? "all 1000" : "as many as can begin";
}

async function closedAfterFailure(work: (items: AsyncIterable<number>) => Promise<unknown>): Promise<string> {
  let closed = false;
  async function* items(): AsyncGenerator<number> {
    try {
      for (let n = 0; ; n++) yield n;
    } finally {
      await setTimeout(10);
      closed = true;
    }
  }
  await work(items()).catch(() => undefined);
  const seen = closed;
  await setTimeout(20);
  return seen ? "has been closed" : closed ? "is closed later" : "stays open";
}

async function attemptsAfterRace(work: (attempt: () => never) => Promise<unknown>): Promise<string> {
  let attempts = 0;
  await work(() => {
    attempts++;
    throw new Error("no");
  });
  const seen = attempts;
  await setTimeout(200);
  return attempts > seen ? "attempts go on" : "no more attempts";
}

async function attemptsAt(work: (attempt: () => never) => Promise<unknown>): Promise<string> {
  let attempts = 0;
  await work(() => {
    attempts++;
    throw new TypeError("a bug, or not");
  }).catch(() => undefined);
  return attempts === 1 ? "not retried" : "retried; `retryIf` decides";
}

function describeError(error: unknown): string {
  return typeof error === "string" ? "comes out as it is" : `becomes a ${(error as Error).name}`;
}

/** The rows of all tables in the section: their first cell, and the two others. */
function claims(): [question: string, theirs: string, ours: string][] {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const section = readme.split("\n## ").find((each) => each.startsWith("Beside what people use today")) ?? "";
  return section
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()))
    .filter(([first]) => first !== "" && !first?.startsWith("--"))
    .map((cells) => cells as [string, string, string]);
}

describe("the README's tables, run", () => {
  it("have a row for each observation, and no other", () => {
    expect(claims().map(([question]) => question)).toEqual(Object.keys(rows));
  });

  it.each(claims())("%s", async (question, theirs, ours) => {
    const row = rows[question];
    if (row === undefined) return; // the test above says so
    expect({ theirs: await row[0](), ours: await row[1]() }).toEqual({ theirs, ours });
  });
});
