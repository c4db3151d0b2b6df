import { type CancelStatus, currentStatus } from "@espalier/core/lowlevel";
import type { Probe } from "@espalier/core/testing";
import { currentPlace, type Place } from "./place.ts";

/*
 * Numbers the checkpoints of a program and cancels it at one of them: on entry, or while it is parked there.
 *
 * What a probe hears of one checkpoint:
 *
 *     that passes              cancelPoint()   schedulePoint()
 *     that waits               cancelPoint()   cancelPoint(label)   schedulePoint(label)
 *     that only waits                          cancelPoint(label)   schedulePoint(label)
 *     that nothing can cancel                                       schedulePoint(label)
 *
 * The first two calls come in one synchronous stretch, in one status; that is how they are known to belong together.
 */

/** How a checkpoint met the cancellation. */
export type Manner = "on entry" | "while parked";

/** A moment at which a cancellation can arrive. */
export interface Moment {
  /** The number of the checkpoint, from 1, over all tasks of the program. */
  readonly checkpoint: number;
  readonly manner: Manner;
  readonly label: string | undefined;
}

/** A cancellation that has been made. */
export interface Strike {
  readonly moment: Moment;
  readonly place: Place;
}

/** A program that goes on for so many checkpoints after it was cancelled is not going to end. */
const lastGasp = 100_000;

/** The probe around one run of the program. */
export class Striker implements Probe {
  /** The moments up to the strike, in order. */
  readonly moments: Moment[] = [];
  /** What was done; `undefined` until then. */
  strike: Strike | undefined = undefined;
  /** Where a `Cancelled` of ours was raised for certain, and not in a disposal, which rightly keeps it to itself. */
  raisedAt: Place | undefined = undefined;
  readonly #status: CancelStatus;
  readonly #isDue: (moment: Moment, index: number) => boolean;
  readonly #onHopeless: (raised: number) => void;
  #checkpoints = 0;
  /** The status of the checkpoint that has just asked, in this synchronous stretch, and may turn out to wait. */
  #asking: CancelStatus | undefined = undefined;
  /** Whether the wait that begins has asked. */
  #waitAsked = false;
  #afterwards = 0;
  #raised = 0;

  /**
   * @param status - What is cancelled.
   * @param isDue - Whether to do it at this moment.
   * @param onHopeless - Called once when the program goes on and on after it.
   */
  constructor(
    status: CancelStatus,
    isDue: (moment: Moment, index: number) => boolean,
    onHopeless: (raised: number) => void,
  ) {
    this.#status = status;
    this.#isDue = isDue;
    this.#onHopeless = onHopeless;
  }

  /** How many checkpoints there were until the strike. */
  get checkpoints(): number {
    return this.#checkpoints;
  }

  cancelPoint(label?: string): void {
    if (this.strike !== undefined) {
      this.#checkpointAfterwards(label);
      return;
    }
    this.#waitAsked = label !== undefined;
    if (label !== undefined && this.#asking === currentStatus()) {
      this.#asking = undefined;
      return;
    }
    this.#checkpoints++;
    if (label === undefined) this.#ask(currentStatus());
    if (!this.#arrives("on entry", label)) return;
    this.#cancel(
      { checkpoint: this.#checkpoints, manner: "on entry", label },
      currentPlace(label, this.#status.task),
    );
    this.#noteRaised(currentStatus(), () => (this.strike as Strike).place);
  }

  schedulePoint(label?: string): void {
    this.#asking = undefined;
    if (this.strike !== undefined || label === undefined) return;
    if (!this.#waitAsked) this.#checkpoints++; // a wait that nothing can cancel: a cancellation arrives all the same
    this.#waitAsked = false;
    if (!this.#arrives("while parked", label)) return;
    const moment: Moment = { checkpoint: this.#checkpoints, manner: "while parked", label };
    const place = currentPlace(label, this.#status.task);
    const status = currentStatus();
    queueMicrotask(() => {
      // Now it is parked: the wait was about to begin when we heard of it.
      if (this.strike !== undefined || this.#status.closed) return;
      const waits = isWaitingFor(label, status);
      this.#cancel(moment, place);
      if (waits) this.#noteRaised(status, () => place);
    });
  }

  #ask(status: CancelStatus): void {
    this.#asking = status;
    queueMicrotask(() => {
      this.#asking = undefined;
    });
  }

  /** Counts the moment, and says whether it is the one. */
  #arrives(manner: Manner, label: string | undefined): boolean {
    const moment: Moment = { checkpoint: this.#checkpoints, manner, label };
    const due = this.#isDue(moment, this.moments.length);
    this.moments.push(moment);
    return due;
  }

  #cancel(moment: Moment, place: Place): void {
    this.strike = { moment, place };
    const reason = `cancelEverywhere, ${moment.manner}, checkpoint ${moment.checkpoint}`;
    this.#status.cancel({ source: "explicit", reason, scope: this.#status.name });
  }

  #checkpointAfterwards(label: string | undefined): void {
    this.#noteRaised(currentStatus(), () => currentPlace(label, this.#status.task));
    if (++this.#afterwards === lastGasp) this.#onHopeless(this.#raised);
  }

  /** A checkpoint in this status raises now, if our cancellation is visible there. */
  #noteRaised(status: CancelStatus, place: () => Place): void {
    if (!this.#isVisibleIn(status)) return;
    this.#raised++;
    if (this.raisedAt !== undefined) return;
    const candidate = place();
    if (!candidate.inDisposal) this.raisedAt = candidate;
  }

  #isVisibleIn(status: CancelStatus): boolean {
    for (let each: CancelStatus | undefined = status; each !== undefined; each = each.parent) {
      if (each === this.#status) return true;
      if (each.shielded) return false;
    }
    return false;
  }
}

/** Whether something of ours waits so in the very status, and a cancellation would end it with a `Cancelled`. */
function isWaitingFor(label: string, status: CancelStatus): boolean {
  const first = status.waiters;
  for (let each = first; each !== undefined; each = each.next === first ? undefined : each.next)
    if (each.label === label && !each.shielded && !each.abroad) return true;
  return false;
}
