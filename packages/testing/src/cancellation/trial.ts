import {
  CancelStatus,
  captureOutcome,
  currentStatus,
  errorText,
  isThenable,
  type Outcome,
  runIn,
  signalOf,
  unwind,
  unwrapOutcome,
} from "@espalier/core/lowlevel";
import { attachProbe, waitAllTasksBlocked } from "@espalier/core/testing";
import type { GiveUp } from "../supervise-virtual.ts";
import { AbortListeners } from "./abort-listeners.ts";
import { HeldLocks } from "./held-locks.ts";
import { leftBehind } from "./left-behind.ts";
import { describePlace } from "./place.ts";
import { type Moment, Striker } from "./strike.ts";

/** A program, made anew for each trial. */
export type MakeBody = () => unknown;

/** What all trials of one `cancelEverywhere` share. */
export interface TrialContext {
  readonly makeBody: MakeBody;
  readonly check: (() => unknown) | undefined;
  readonly allowCompletion: boolean;
  /** Signals that an earlier trial has seen: they live longer than a trial. */
  readonly lastingSignals: WeakSet<AbortSignal>;
  /** How many locks the program holds at its end when it is not cancelled. */
  locksHeldUndisturbed: number;
}

/** How a trial went. */
export interface Findings {
  /** What was wrong, one sentence each. */
  readonly problems: readonly string[];
  /** The errors among it. */
  readonly errors: readonly unknown[];
}

/**
 * Runs the program once, cancels it at the moment that is due, and looks at what it leaves behind. To be called inside a
 * run under virtual time; the program lives in a scope of its own there.
 */
export class Trial {
  readonly striker: Striker;
  readonly #context: TrialContext;
  readonly #status: CancelStatus;
  readonly #listeners: AbortListeners;
  readonly #locks: HeldLocks;
  readonly #stops: (() => void)[] = [];
  readonly #problems: string[] = [];
  readonly #errors: unknown[] = [];

  constructor(
    context: TrialContext,
    name: string,
    isDue: (moment: Moment, index: number) => boolean,
    giveUp: GiveUp,
  ) {
    const around = currentStatus();
    this.#context = context;
    this.#status = new CancelStatus("scope", name, around.runtime, false).bind(around);
    this.#listeners = new AbortListeners(around.runtime);
    this.#locks = new HeldLocks(around.runtime);
    this.striker = new Striker(this.#status, isDue, (raised) => {
      giveUp(new Error(hopeless(raised)));
    });
    attachProbe(this.#status, this.striker);
  }

  /** @throws whatever the program raises without having been cancelled. */
  async run(): Promise<Findings> {
    this.#stops.push(this.#listeners.watch(), this.#locks.watch());
    const ending = await captureOutcome(() =>
      runIn(this.#status, () => enterProgram(this.#context.makeBody)),
    );
    await waitAllTasksBlocked(); // whoever is on the way out may get there
    this.#judgeEnding(ending);
    this.#lookForOpenThings();
    this.#lookForListeners();
    this.#lookForLocks();
    this.#status.close();
    this.#lookForDeadlines();
    await this.#runCheck();
    return { problems: this.#problems, errors: this.#errors };
  }

  /** Stops watching. To be called also for a run that was given up, and never comes to its end. */
  end(): void {
    for (const stop of this.#stops.splice(0)) stop();
    for (const signal of this.#listeners.signals) this.#context.lastingSignals.add(signal);
    this.#status.close();
  }

  #judgeEnding(ending: Outcome<unknown>): void {
    const { raisedAt, strike } = this.striker;
    if (!this.#status.cancelled) unwrapOutcome(ending);
    else if (ending.kind === "error") {
      const outcome = unwind(this.#status, ending.error, "scope");
      if (outcome.kind === "failed") this.#note("it raised an error", outcome.error);
    } else if (raisedAt !== undefined && !this.#context.allowCompletion) {
      const where = raisedAt === strike?.place ? "there" : `(${describePlace(raisedAt)})`;
      this.#problems.push(
        `it swallowed the Cancelled: one was raised ${where}, ` +
          "and it returned normally all the same. A catch that meets it has to let it go on (rethrowIfCancelled)",
      );
    }
  }

  #lookForOpenThings(): void {
    const tree = leftBehind(this.#status);
    if (tree !== undefined)
      this.#problems.push(`it ended, but this was left running or waiting:\n${indent(tree)}`);
  }

  #lookForListeners(): void {
    const own = this.#status.cancelled ? undefined : signalOf(this.#status);
    const left = this.#listeners.countLeft(
      (signal) => signal === own || this.#context.lastingSignals.has(signal),
    );
    if (left > 0)
      this.#problems.push(
        `it left ${count(left, "abort listener")} on a signal that lives longer than it does`,
      );
  }

  #lookForLocks(): void {
    const { count: held } = this.#locks;
    const more = held - this.#context.locksHeldUndisturbed;
    if (!this.#status.cancelled) this.#context.locksHeldUndisturbed = held;
    else if (more > 0)
      this.#problems.push(`it left ${count(more, "lock")} held that it gives back when it is not cancelled`);
  }

  #lookForDeadlines(): void {
    if (this.#problems.length > 0) return; // the timers of what was left open
    const { size } = this.#status.runtime.deadlines;
    if (size > 0) this.#problems.push(`it left ${count(size, "timer")} (deadlines or sleeps) running`);
  }

  async #runCheck(): Promise<void> {
    const { check } = this.#context;
    if (check === undefined) return;
    const verdict = await captureOutcome(check);
    if (verdict.kind === "error") this.#note("the check afterwards failed", verdict.error);
  }

  #note(what: string, error: unknown): void {
    this.#problems.push(`${what}: ${errorText(error)}`);
    this.#errors.push(error);
  }
}

/**
 * Makes the program and runs it; a plain async function is a program that makes itself anew each time. Known by name to
 * place.ts, as the border between the program and what tests it.
 */
function enterProgram(makeBody: MakeBody): unknown {
  const made = makeBody();
  if (isThenable(made)) return Promise.resolve(made).then(run);
  return run(made);
}

function run(made: unknown): unknown {
  return typeof made === "function" ? (made as () => unknown)() : undefined;
}

function hopeless(raised: number): string {
  return raised > 1000
    ? `It goes on for ever, although ${raised} checkpoints have raised Cancelled: something catches it and goes round again`
    : "It goes on for ever after it was cancelled: something in it is shielded without a limit";
}

function count(n: number, noun: string): string {
  return n === 1 ? `1 ${noun}` : `${n} ${noun}s`;
}

function indent(text: string): string {
  return text.replace(/^/gm, "    ");
}
