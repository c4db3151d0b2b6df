/* eslint-disable @typescript-eslint/await-thenable -- awaiting nothing is the least that lets others run */
import { depth } from "../../workloads/scopes.ts";
import type { Contender } from "../../workloads/index.ts";
import { limitMs } from "../../workloads/time-limit.ts";
import type { Begin } from "./index.ts";

/*
 * A scope, as Node offers it: an AbortController whose signal is handed down. (Without one nothing could be cancelled:
 * a bare Promise.race leaves the loser running.)
 */

/** A time limit that also tells the body: the idiom of a thousand code bases. */
async function withTimeout<T>(
  ms: number,
  body: (signal: AbortSignal) => Promise<T>,
  begin: Begin,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const timer = setTimeout(() => {
    controller.abort(new Error("timeout"));
  }, ms);
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => {
      reject(signal.reason);
    });
  });
  try {
    return await Promise.race([begin(() => body(signal)), aborted]);
  } finally {
    clearTimeout(timer);
  }
}

/** A scope inside a scope: its controller follows the signal of the outer one. */
async function withScope<T>(
  outer: AbortSignal,
  body: (signal: AbortSignal) => Promise<T>,
  begin: Begin,
): Promise<T> {
  const controller = new AbortController();
  const follow = (): void => {
    controller.abort(outer.reason);
  };
  outer.addEventListener("abort", follow);
  try {
    return await begin(() => body(controller.signal));
  } finally {
    outer.removeEventListener("abort", follow);
  }
}

async function checkpoint(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await null;
}

export function timeLimit(begin: Begin): NonNullable<Contender["timeLimit"]> {
  return async (size, meter) => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += await withTimeout(limitMs, async () => i, begin);
    meter.stop();
    let told = false;
    const strikes = await withTimeout(1, (signal) => untilAborted(signal, () => (told = true)), begin).then(
      () => false,
      () => told,
    );
    return { sum, strikes };
  };
}

export function nestedScopes(begin: Begin): NonNullable<Contender["nestedScopes"]> {
  return async (size, meter) => {
    let left = 0;
    const nest = async (outer: AbortSignal, deeper: number): Promise<void> => {
      await withScope(
        outer,
        (signal) => (deeper === 0 ? checkpoint(signal) : nest(signal, deeper - 1)),
        begin,
      );
      left++;
    };
    for (let opened = 0; opened < size; opened += depth) await nest(new AbortController().signal, depth - 1);
    meter.stop();
    return { left, reachesBottom: await reachesBottom(begin) };
  };
}

export function nesting(begin: Begin): NonNullable<Contender["nesting"]> {
  return async (size) => {
    let left = 0;
    const nest = async (outer: AbortSignal, deeper: number): Promise<void> => {
      await withScope(
        outer,
        (signal) => (deeper === 1 ? checkpoint(signal) : nest(signal, deeper - 1)),
        begin,
      );
      left++;
    };
    await nest(new AbortController().signal, size);
    return { left };
  };
}

async function reachesBottom(begin: Begin): Promise<boolean> {
  let reached = false;
  const outermost = new AbortController();
  const nest = (outer: AbortSignal, deeper: number): Promise<void> =>
    withScope(
      outer,
      (signal) => (deeper === 0 ? untilAborted(signal, () => (reached = true)) : nest(signal, deeper - 1)),
      begin,
    );
  const nested = nest(outermost.signal, depth - 1);
  outermost.abort();
  await nested.catch(() => undefined);
  return reached;
}

export function deepCheckpoints(begin: Begin): NonNullable<Contender["deepCheckpoints"]> {
  return async (size) => {
    let passed = 0;
    const work = async (signal: AbortSignal): Promise<void> => {
      for (; passed < size; passed++) await checkpoint(signal);
    };
    const nest = (outer: AbortSignal, deeper: number): Promise<void> =>
      withScope(outer, (signal) => (deeper === 0 ? work(signal) : nest(signal, deeper - 1)), begin);
    await nest(new AbortController().signal, depth - 1);
    return { passed };
  };
}

function untilAborted(signal: AbortSignal, onAborted: () => void): Promise<void> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => {
      onAborted();
      reject(signal.reason);
    });
  });
}
