import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";

import { parkAbroad, ParkingLot, pass, refusal, type Ticket, type Wait } from "@espalier/core/lowlevel";

/** How a child process has ended. */
export interface Exit {
  /** 128 plus the signal's number if a signal ended it, as shells have it. */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | undefined;
}

/** A running child: its end, and the signals to it and its process group. */
export class Child {
  readonly pid: number;
  readonly #process: ChildProcess;
  /** Whether it leads a process group of its own, so that signals reach its own children too. */
  readonly #leads: boolean;
  readonly #waiting = new ParkingLot<Exit>();
  #exit: Exit | undefined = undefined;

  constructor(process: ChildProcess, pid: number, leads: boolean) {
    this.pid = pid;
    this.#process = process;
    this.#leads = leads;
    process.on("exit", (code, signal) => {
      this.#exit = {
        exitCode: code ?? 128 + constants.signals[signal as NodeJS.Signals],
        signal: signal ?? undefined,
      };
      this.#waiting.unparkAll(this.#exit);
    });
    // What cannot be told by a call any more: a signal to a process that has just gone.
    process.on("error", () => undefined);
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
    if (this.#exit !== undefined) return;
    if (!this.#leads || !signalGroup(this.pid, signal)) this.#process.kill(signal);
  }

  /** Ends what is left of its group once the child itself has ended: grandchildren. */
  killGroup(): void {
    if (this.#leads) signalGroup(this.pid, "SIGKILL");
  }

  readonly #leave = (operation: Wait): void => {
    this.#waiting.remove(operation.data as Ticket<Exit, undefined>);
  };
}

/** Whether the group was there. */
function signalGroup(leader: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-leader, signal);
  } catch {
    return false; // no process of the group is left
  }
}
