import { checkpoint, detached } from "@espalier/core";
import { captureOutcome, checkBody, checkDuration, errorText, type Outcome } from "@espalier/core/lowlevel";
import { macrotask } from "@espalier/core/testing";
import { describePlace } from "./cancellation/place.ts";
import type { Moment, Strike, Striker } from "./cancellation/strike.ts";
import { type Findings, type MakeBody, Trial, type TrialContext } from "./cancellation/trial.ts";
import { UncleanCancellationError } from "./cancellation/unclean-cancellation-error.ts";
import { UnhandledRejections } from "./cancellation/unhandled-rejections.ts";
import { checkVirtualOptions, type VirtualOptions } from "./start-virtual.ts";
import { superviseVirtual } from "./supervise-virtual.ts";
import { checkWhole } from "./whole-number.ts";

/** Options of {@link cancelEverywhere}. */
export interface CancelEverywhereOptions extends VirtualOptions {
  /** Only the first so many checkpoints are tried; 1000 by default. A program without end is cut off there. */
  readonly maxCheckpoints?: number;
  /**
   * Looks, after each run, at what only you can see: that a semaphore is full again, that a channel is empty. Raises if
   * something is wrong. It runs under the same virtual time; one that waits for ever (for the permit) fails too.
   */
  readonly check?: () => unknown;
  /** Whether a program may return normally although a `Cancelled` was raised in it; false by default. */
  readonly allowCompletion?: boolean;
  /** So many milliseconds of real time may pass in which nothing of the program moves; 2000 by default. */
  readonly patienceMs?: number;
}

/** What {@link cancelEverywhere} has tried. */
export interface CancelEverywhereReport {
  /** How many checkpoints were tried, over all tasks of the program. */
  readonly checkpoints: number;
  /** How often the program was cancelled: on entry to each checkpoint, and again where it waits. */
  readonly cancellations: number;
  /** Whether these were all checkpoints of the program. */
  readonly complete: boolean;
}

/**
 * Runs a program again and again under virtual time and cancels it at its first checkpoint, at its second, and so on, and
 * where a checkpoint waits, once more while it is parked there. After each run it looks whether the program has ended
 * cleanly. For finding the cleanup that does not work when it is needed.
 *
 * It rejects if, after the end of the program and of all that could still move,
 * - something in it is still running or waiting: a task, a nursery, a scope, a parked operation;
 * - a timer (a deadline or a sleep) is armed;
 * - an abort listener is left on a signal that lives longer than the program: that of the scope around it, or one that
 *   an earlier run has used already;
 * - a lock is held (of `@espalier/sync`: Lock, RwLock, CapacityLimiter, a Condition's) that it gives back when it is not
 *   cancelled;
 * - it raised anything but the cancellation;
 * - it returned normally although a checkpoint in it, outside of disposals, raised `Cancelled` (see `allowCompletion`);
 * - a promise was rejected and nobody looked at it;
 * - it does not end: a deadlock, the await of a foreign promise that never comes, a loop that catches every `Cancelled`;
 * - your `check` raised.
 *
 * First it runs undisturbed: it has to end by itself and well, else its error comes out as it is. Put a time limit around
 * one that serves for ever.
 *
 * Not seen: native timers, sockets and files; the permits of a semaphore, unless your `check` looks; a `Cancelled` that was
 * swallowed in the middle, because the next checkpoint raised it again. Rejections of other code that runs at the same time
 * are put down to the program.
 *
 * @checkpoint always, also between the runs
 * @cancellation Between two runs.
 * @param makeBody - Called for each run: sets up what the program uses, and gives the function to run. A plain async
 *   function will do where there is nothing to set up.
 * @throws {UncleanCancellationError} a run did not end cleanly; the message names the checkpoint and what was wrong.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 * @throws {TypeError} `makeBody` is not a function, or an option of the wrong type.
 * @throws {RangeError} an option out of range.
 * @throws whatever the program raises without being cancelled.
 * @example
 * ```ts
 * import { openMemoryChannel } from "@espalier/channel";
 * import { openNursery } from "@espalier/nursery";
 * import { cancelEverywhere } from "@espalier/testing";
 *
 * const report = await cancelEverywhere(() => {
 *   const [send, receive] = openMemoryChannel<number>();
 *   return () =>
 *     openNursery(async (nursery) => {
 *       nursery.startSoon(async () => {
 *         using end = send;
 *         await end.send(1);
 *       });
 *       for await (const item of receive) console.assert(item === 1);
 *     });
 * });
 * console.log(report.complete); // true
 * ```
 */
export async function cancelEverywhere(
  makeBody: MakeBody,
  options: CancelEverywhereOptions = {},
): Promise<CancelEverywhereReport> {
  checkBody(makeBody, "cancelEverywhere");
  const { maxCheckpoints = 1000, check, allowCompletion = false, patienceMs = 2000 } = options;
  checkVirtualOptions(options, "cancelEverywhere");
  checkWhole(maxCheckpoints, "cancelEverywhere.maxCheckpoints", 1);
  checkDuration(patienceMs, "cancelEverywhere.patienceMs");
  if (check !== undefined) checkBody(check, "cancelEverywhere.check");
  const context: TrialContext = {
    makeBody,
    check,
    allowCompletion,
    lastingSignals: new WeakSet(),
    locksHeldUndisturbed: 0,
  };
  const trials = new Trials(context, { ...options, patienceMs });
  const stopListening = trials.rejections.listen();
  try {
    // Undisturbed, as far as it is to be tried; this tells which moments there are.
    const first = await trials.next((moment) => moment.checkpoint > maxCheckpoints);
    const moments = first.moments.filter((moment) => moment.checkpoint <= maxCheckpoints);
    trials.learnLabels(moments);
    for (const index of moments.keys()) await trials.next((_moment, i) => i === index);
    return {
      checkpoints: Math.min(first.checkpoints, maxCheckpoints),
      cancellations: moments.length,
      complete: first.strike === undefined,
    };
  } finally {
    stopListening();
  }
}

/** So that each program has a name of its own in the task tree. */
let programs = 0;

/** The runs of one program. */
class Trials {
  readonly rejections = new UnhandledRejections();
  readonly #context: TrialContext;
  readonly #options: VirtualOptions & { readonly patienceMs: number };
  /** What the checkpoints wait for, by number. On entry to one it is not known yet. */
  readonly #labels = new Map<number, string>();

  constructor(context: TrialContext, options: VirtualOptions & { readonly patienceMs: number }) {
    this.#context = context;
    this.#options = options;
  }

  /** From a run that went further. */
  learnLabels(moments: readonly Moment[]): void {
    for (const { checkpoint, label } of moments) if (label !== undefined) this.#labels.set(checkpoint, label);
  }

  /** Runs the program, cancels it at the moment that is due, and raises if it does not end cleanly. */
  async next(isDue: (moment: Moment, index: number) => boolean): Promise<Striker> {
    await checkpoint();
    const name = `program ${++programs}`;
    let trial!: Trial;
    const ending = await captureOutcome(() =>
      detached(() =>
        superviseVirtual(
          (giveUp) => {
            trial = new Trial(this.#context, name, isDue, giveUp);
            return trial.run();
          },
          { ...this.#options, name, caller: "cancelEverywhere" },
        ),
      ),
    );
    trial.end();
    await new Promise<void>(macrotask); // by then the host has told of rejections
    this.#judge(trial.striker.strike, ending);
    return trial.striker;
  }

  #judge(strike: Strike | undefined, ending: Outcome<Findings>): void {
    const rejected = this.rejections.take();
    if (ending.kind === "error" && strike === undefined) throw ending.error;
    const problems = [
      ...(ending.kind === "error" ? [`it did not end: ${errorText(ending.error)}`] : ending.value.problems),
      ...rejected.map((error) => `a promise was rejected and nobody looked at it: ${errorText(error)}`),
    ];
    if (problems.length === 0) return;
    const errors = [...(ending.kind === "error" ? [ending.error] : ending.value.errors), ...rejected];
    const moment = strike?.moment;
    const label = moment && (moment.label ?? this.#labels.get(moment.checkpoint));
    throw new UncleanCancellationError(
      `${headline(strike, label)}\n${problems.map((problem) => `- ${problem}`).join("\n")}`,
      {
        checkpoint: moment?.checkpoint,
        manner: moment?.manner,
        label,
        problems,
        ...(errors.length > 0 && { cause: errors[0] }),
      },
    );
  }
}

function headline(strike: Strike | undefined, label: string | undefined): string {
  if (strike === undefined) return "Without being cancelled, the program did not end cleanly:";
  const { moment, place } = strike;
  const when = moment.manner === "on entry" ? "on entry to" : "while parked at";
  const where = describePlace({ ...place, label });
  const known = where === "" ? "" : ` (${where})`;
  return `Cancelled ${when} checkpoint ${moment.checkpoint}${known}, the program did not end cleanly:`;
}
