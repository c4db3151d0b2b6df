import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";

import { CancelScope, moveOnAfter } from "@espalier/cancel-scope";
import { sleep } from "@espalier/core";
import {
  errorText,
  parkAbroad,
  ParkingLot,
  pass,
  refusal,
  type Ticket,
  type Wait,
} from "@espalier/core/lowlevel";
import { groupRuns, send } from "./process-group.ts";

/** How a child process has ended. */
export interface Exit {
  /** 128 plus the signal's number if a signal ended it, as shells have it. */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | undefined;
}

/**
 * The children that may still have to be killed. A process that exits leaves no block, so nobody would: after
 * `process.exit`, or an error that nobody has caught, they would go on without us, and Ctrl-C would not reach their groups.
 */
const living = new Set<Child>();

function killAll(): void {
  for (const child of living) child.abandon();
}

/**
 * A running child: its end, and the signals to it and its process group.
 *
 *     event \ state    running              ending (SIGTERM, then its grace)    ended
 *     end()            -> ending            waits too                           nothing
 *     the child exits  -> ended: what is    its group has the rest of the       -
 *                      left of its group    grace, then what is left of it
 *                      is killed            is killed -> ended
 *     grace is over    -                    the group is killed -> ended        -
 */
export class Child {
  readonly pid: number;
  /** Whether it leads a process group of its own, so that signals reach its own children too. */
  readonly #leads: boolean;
  readonly #waiting = new ParkingLot<Exit>();
  #exit: Exit | undefined = undefined;
  /** Whether it was told to end, and its group has time for that. Once set, never unset. */
  #ending = false;

  constructor(spawned: ChildProcess, pid: number, leads: boolean) {
    this.pid = pid;
    this.#leads = leads;
    if (living.size === 0) process.on("exit", killAll);
    living.add(this);
    spawned.on("exit", (code, signal) => {
      this.#exit = {
        exitCode: code ?? 128 + constants.signals[signal as NodeJS.Signals],
        signal: signal ?? undefined,
      };
      if (!this.#ending) this.abandon(); // nobody else would end its group, and that holds our ends of the pipes open
      this.#waiting.unparkAll(this.#exit);
    });
    // What cannot be told by a call any more: a signal to a process that has just gone.
    spawned.on("error", () => undefined);
  }

  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** Waits for its end. A cancellation ends only the wait. */
  wait(): Promise<Exit> {
    const denied = refusal();
    if (denied !== undefined) return denied;
    if (this.#exit !== undefined) return pass(this.#exit);
    const operation = parkAbroad<Exit>("process.wait", this.#leave);
    if (operation.pending) operation.data = this.#waiting.add(operation, undefined);
    return operation.promise;
  }

  /** Sends a signal to the child and its group; nothing once it has ended. */
  kill(signal: NodeJS.Signals): void {
    if (typeof signal !== "string" || !Object.hasOwn(constants.signals, signal))
      throw new TypeError(
        `kill needs a signal that this system has, such as "SIGTERM", not ${errorText(signal)}.`,
      );
    if (this.#exit !== undefined) return;
    if (!this.#leads || !send(-this.pid, signal)) send(this.pid, signal);
  }

  /**
   * Ends it and its group: SIGTERM, the grace, SIGKILL. Not a checkpoint: the child is always waited for, and what is
   * shielded here has a limit.
   */
  async end(graceMs: number): Promise<void> {
    if (this.#exit !== undefined) return;
    this.#ending = true;
    this.kill("SIGTERM");
    await moveOnAfter(graceMs, () => this.#allGone(), { shield: true });
    this.abandon();
    await new CancelScope({ shield: true }).run(() => this.wait());
  }

  /** A shell dies of SIGTERM at once; what it has started may need its grace. Nobody tells when that has gone: we ask. */
  async #allGone(): Promise<void> {
    await this.wait();
    if (this.#leads)
      for (let delay = 5; groupRuns(this.pid); delay = Math.min(2 * delay, 100)) await sleep(delay);
  }

  /** Kills what is left of it, child and group. */
  abandon(): void {
    this.kill("SIGKILL");
    if (this.#leads) send(-this.pid, "SIGKILL");
    living.delete(this);
    if (living.size === 0) process.off("exit", killAll);
  }

  readonly #leave = (operation: Wait): void => {
    this.#waiting.remove(operation.data as Ticket<Exit, undefined>);
  };
}
