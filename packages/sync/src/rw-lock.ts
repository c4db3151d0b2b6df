import { WouldBlock } from "@espalier/core";
import { park, ParkingLot, pass, refusal, type Ticket, type Wait } from "@espalier/core/lowlevel";
import type { Guard } from "./guard.ts";
import { invariant } from "./invariant.ts";

/*
 *     state \ event   read comes      write comes    last holder leaves / head of the line gives up
 *     free            -> reading      -> writing     -
 *     reading         joins, or in line (behind a writer)   in line    lets in the head of the line
 *     writing         in line         in line        lets in the head of the line
 *
 * "The head of the line" is one writer, or all readers up to the first writer.
 */

/** A snapshot of a reader-writer lock, for debugging and metrics. */
export interface RwLockStatistics {
  /** How many read. */
  readonly activeReaders: number;
  /** How many write: 0 or 1. */
  readonly activeWriters: number;
  readonly tasksWaitingRead: number;
  readonly tasksWaitingWrite: number;
}

type Access = "read" | "write";

/**
 * A lock that many may hold to read, or one alone to write. First come, first served: a writer that waits holds back the
 * readers who come after it, so that a stream of readers cannot starve it; readers who wait next to each other are let in
 * together. Trio has none.
 *
 * Worth it where reading takes long (it awaits something) and writing is rare; else a `Lock` is simpler. Code without an
 * `await` in it needs no lock at all. Not re-entrant: a reader who asks again while a writer waits would wait for the
 * writer, who waits for the reader. A reader cannot become a writer: it has to release first, and look again afterwards.
 *
 * @example
 * ```ts
 * import { RwLock } from "@espalier/sync";
 *
 * declare function load(): Promise<Map<string, string>>;
 * const lock = new RwLock();
 * let settings = new Map<string, string>();
 *
 * async function reload(): Promise<void> {
 *   using _alone = await lock.write();
 *   settings = await load();
 * }
 * async function setting(name: string): Promise<string | undefined> {
 *   using _together = await lock.read();
 *   return settings.get(name);
 * }
 * await Promise.all([reload(), setting("colour")]);
 * ```
 */
export class RwLock {
  /** How many read; 0 while somebody writes. */
  #readers = 0;
  #writing = false;
  /** Whoever is first in it could not be let in now. */
  readonly #waiting = new ParkingLot<Guard, Access>();
  #writersWaiting = 0;

  /**
   * Waits until it may read: nobody writes, and no writer came earlier.
   *
   * Do not put it into `Promise.race`: the loser stays in line. Use `moveOnAfter`.
   *
   * @checkpoint always
   * @cancellation It is not let in; the place in line is lost.
   * @returns A guard that ends the reading, once.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   */
  read(): Promise<Guard> {
    return this.#acquire("read");
  }

  /**
   * Waits until it may write: nobody reads or writes, and nobody came earlier. A writer that gives up while it waits lets
   * in those whom it held back, at once.
   *
   * Do not put it into `Promise.race`: the loser stays in line. Use `moveOnAfter`.
   *
   * @checkpoint always
   * @cancellation It is not let in; the place in line is lost.
   * @returns A guard that ends the writing, once.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   */
  write(): Promise<Guard> {
    return this.#acquire("write");
  }

  /**
   * Reads without waiting.
   *
   * @checkpoint never
   * @throws {WouldBlock} somebody writes, or waits to.
   */
  readNowait(): Guard {
    return this.#acquireNowait("read");
  }

  /**
   * Writes without waiting.
   *
   * @checkpoint never
   * @throws {WouldBlock} somebody reads or writes.
   */
  writeNowait(): Guard {
    return this.#acquireNowait("write");
  }

  /** A snapshot for debugging and metrics. */
  statistics(): RwLockStatistics {
    return {
      activeReaders: this.#readers,
      activeWriters: this.#writing ? 1 : 0,
      tasksWaitingRead: this.#waiting.size - this.#writersWaiting,
      tasksWaitingWrite: this.#writersWaiting,
    };
  }

  /** @internal For tests. */
  assertInvariants(): void {
    this.#waiting.assertInvariants();
    const writers = [...this.#waiting].filter((ticket) => ticket.data === "write").length;
    invariant(this.#readers >= 0, "more readers have left than came");
    invariant(!this.#writing || this.#readers === 0, "somebody reads beside a writer");
    invariant(writers === this.#writersWaiting, "the writers in line are miscounted");
    const first = this.#waiting.peek();
    invariant(first === undefined || !this.#free(first.data), "the first in line could be let in");
  }

  #acquire(access: Access): Promise<Guard> {
    const denied = refusal();
    if (denied !== undefined) return denied;
    if (this.#waiting.size === 0 && this.#free(access)) return pass<Guard>(this.#letIn(access));
    const operation = park<Guard>(`rwLock.${access}`, this.#giveUp);
    if (operation.pending) {
      operation.data = this.#waiting.add(operation, access);
      if (access === "write") this.#writersWaiting++;
    }
    return operation.promise;
  }

  #acquireNowait(access: Access): Guard {
    if (this.#waiting.size === 0 && this.#free(access)) return this.#letIn(access);
    throw new WouldBlock(
      `The lock cannot be had at once; ${access}() would wait until ${access === "read" ? "nobody writes or waits to" : "nobody reads or writes"}.`,
    );
  }

  /** Whether those who hold it leave room for one more. */
  #free(access: Access): boolean {
    return !this.#writing && (access === "read" || this.#readers === 0);
  }

  #letIn(access: Access): Guard {
    if (access === "read") this.#readers++;
    else this.#writing = true;
    return new Hold(access === "read" ? this.#endReading : this.#endWriting);
  }

  readonly #endReading = (): void => {
    this.#readers--;
    this.#serve();
  };

  readonly #endWriting = (): void => {
    this.#writing = false;
    this.#serve();
  };

  /** Lets in from the head of the line whoever may be in together. */
  #serve(): void {
    for (let first = this.#waiting.peek(); first !== undefined; first = this.#waiting.peek()) {
      if (!this.#free(first.data)) return;
      this.#leaveLine(first);
      first.operation.resume(this.#letIn(first.data));
    }
  }

  /** A writer that gives up may have been all that held the readers behind it back. */
  readonly #giveUp = (operation: Wait): void => {
    this.#leaveLine(operation.data as Ticket<Guard, Access>);
    this.#serve();
  };

  #leaveLine(ticket: Ticket<Guard, Access>): void {
    this.#waiting.remove(ticket);
    if (ticket.data === "write") this.#writersWaiting--;
  }
}

class Hold implements Guard {
  /** `undefined` once it has ended. */
  #end: (() => void) | undefined;

  constructor(end: () => void) {
    this.#end = end;
  }

  release(): void {
    const end = this.#end;
    this.#end = undefined;
    end?.();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
