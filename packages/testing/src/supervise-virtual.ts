import { DeadlockError, formatTaskTree, taskTree } from "@espalier/core";
import type { Resumption, Scheduler } from "@espalier/core/testing";
import { startVirtual, type VirtualInternals, type VirtualOptions } from "./start-virtual.ts";

/*
 * Virtual time tells a deadlock at once, as long as everything waits in operations of ours. A program that awaits
 * something foreign for ever, or that catches every `Cancelled` and goes round for ever, would hang the test: such a run
 * is given up here. It cannot be ended, but it is stopped: nothing of it moves any more.
 */

/** Options of {@link superviseVirtual}. */
export interface SupervisionOptions extends VirtualOptions, VirtualInternals {
  readonly name: string;
  /** So many milliseconds of real time may pass in which nothing moves. */
  readonly patienceMs: number;
}

/** A run was given up because something foreign that it awaited did not come. */
export class StallError extends DeadlockError {}

/** Ends the run at once, from outside, with an error. */
export type GiveUp = (error: unknown) => void;

/** Runs a program under virtual time, and gives it up when it hangs on something foreign, or when it is told to. */
export async function superviseVirtual<T>(
  body: (giveUp: GiveUp) => Promise<T> | T,
  options: SupervisionOptions,
): Promise<T> {
  const { name, patienceMs } = options;
  let brake: Brake | undefined;
  let reject!: GiveUp;
  const givenUp = new Promise<never>((_resolve, rejectIt) => (reject = rejectIt));
  const giveUp: GiveUp = (error) => {
    brake?.pull();
    reject(error);
  };
  const run = startVirtual(() => body(giveUp), {
    ...options,
    wrap: (scheduler) => (brake = new Brake(scheduler)),
  });
  const stopWatching = watchForStall(
    () => brake?.moves ?? 0,
    patienceMs,
    () => {
      const tree = formatTaskTree(taskTree().filter((node) => node.name === name));
      const what = "something foreign is awaited that does not come";
      giveUp(new StallError(`Nothing has moved for ${patienceMs} ms of real time: ${what}.\n${tree}`));
    },
  );
  try {
    // eslint-disable-next-line espalier/no-promise-combinators -- outside of every task, and there is nothing to cancel in givenUp
    return await Promise.race([run, givenUp]);
  } finally {
    stopWatching();
  }
}

/** So many looks must find nothing moved: one alone could be the first after the machine was busy for long. */
const looksPerPatience = 8;

function watchForStall(movesNow: () => number, patienceMs: number, onStall: () => void): () => void {
  let moves = movesNow();
  let idleLooks = 0;
  const timer = setInterval(() => {
    const before = moves;
    moves = movesNow();
    idleLooks = moves === before ? idleLooks + 1 : 0;
    if (idleLooks >= looksPerPatience) onStall();
  }, patienceMs / looksPerPatience);
  return () => {
    clearInterval(timer);
  };
}

/** Another scheduler, until the brake is pulled: then nobody is resumed and nobody passes any more. */
class Brake implements Scheduler {
  readonly #inner: Scheduler;
  #pulled = false;

  constructor(inner: Scheduler) {
    this.#inner = inner;
  }

  get moves(): number {
    return this.#inner.moves;
  }
  get busy(): boolean {
    return !this.#pulled && this.#inner.busy;
  }
  get timed(): boolean {
    return this.#inner.timed;
  }

  pull(): void {
    this.#pulled = true;
  }

  resume(resumption: Resumption): void {
    if (!this.#pulled) this.#inner.resume(resumption);
  }

  turn(): Promise<void> | undefined {
    return this.#pulled ? new Promise(() => undefined) : this.#inner.turn();
  }

  turnBegan(): void {
    this.#inner.turnBegan();
  }
}
