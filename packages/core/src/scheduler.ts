import { macrotask } from "./macrotask.ts";
import { shared } from "./registry.ts";

/*
 * Who resumes now, and who waits for the next turn of the event loop.
 *
 * A resumption settles a promise, so its continuation runs as a microtask; while microtasks beget microtasks, no timer
 * fires and no I/O arrives. So there is a budget for each turn: past it, resumptions line up and are let through from a
 * macrotask. The order is first come, first served throughout: while anybody is lined up, newcomers line up behind.
 */

/** Something that the scheduler lets through: a resumption, or the turn that many are waiting for. */
export interface Resumption {
  /** Settles the promise; must not throw. */
  deliver(): void;
}

/** Decides when resumptions happen. */
export interface Scheduler {
  /** Counts everything that has moved; for telling whether the program stands still. */
  readonly moves: number;
  /** True while resumptions are lined up. */
  readonly busy: boolean;
  /** Whether real time limits a turn. False where the course of events must not depend on how fast the machine is. */
  readonly timed: boolean;
  /** Delivers now, or later. */
  resume(resumption: Resumption): void;
  /** When code that need not wait may go on: a promise, or `undefined` for at once. */
  turn(): Promise<void> | undefined;
  /** Called from a timer or an I/O event: a turn of the event loop has just begun. */
  turnBegan(): void;
}

/** Past this many moves the turn is over, however fast they were. */
const movesPerTurn = 1024;
/** Past this many milliseconds the turn is over. A longer slice brings nothing and makes timers late. */
export const sliceMs = 2;
/** The clock is read every so many moves at most: a reading costs about as much as a move. */
const longestStride = 16;
/**
 * So many go on in one burst, that is, before any of their continuations has run: no clock can cut short what is already
 * a microtask. The rest line up behind them.
 */
const longestBurst = 32;
/** With so few to go, the burst is asked to end by itself: see `refill`. */
const fewToGo = 16;
const settled: Promise<void> = Promise.resolve();

/** The scheduler of real programs; one for the whole thread, because there is one event loop. */
export class BudgetedScheduler implements Scheduler {
  readonly timed = true;
  moves = 0;
  private turnStart = 0;
  private turnStartMoves = 0;
  private lastReading = 0;
  /** The clock is read when `moves` reaches this. */
  private nextReading = 0;
  /** Doubles up to `longestStride` while moves are fast, falls to 1 when they are slow. */
  private stride = 1;
  private readonly line = new Line();
  /** The promise that passers-by of this turn share, as long as it is the last in line. */
  private shared: SharedTurn | undefined = undefined;
  private flushing = false;
  /** How many more may go on before somebody has to line up and see the others run. */
  private room = longestBurst;
  private refilling = false;

  get busy(): boolean {
    return this.line.length > 0;
  }

  resume(resumption: Resumption): void {
    if (this.hasTurn()) resumption.deliver();
    else this.lineUp(resumption);
  }

  turn(): Promise<void> | undefined {
    if (this.hasTurn()) return undefined;
    let shared = this.shared;
    if (shared === undefined || shared.passers === longestBurst) {
      shared = new SharedTurn();
      this.lineUp(shared);
      this.shared = shared;
    }
    shared.passers++;
    return shared.promise;
  }

  turnBegan(): void {
    if (this.line.length === 0) this.resetTurn();
  }

  /** Whether a resumption need not line up; counts as a move. */
  private hasTurn(): boolean {
    this.moves++;
    if (this.line.length > 0) return false;
    if (--this.room < fewToGo && !this.refilling) {
      this.refilling = true;
      void settled.then(this.refill);
    }
    return this.room >= 0 && (this.moves < this.nextReading || this.readClock());
  }

  /**
   * A microtask behind those who have gone on: they have run by now, so it was no burst. Tasks that take turns meet this
   * every so many moves, and never the line, which would cost them far more.
   */
  private readonly refill = (): void => {
    this.refilling = false;
    if (this.line.length === 0) this.room = longestBurst;
  };

  private lineUp(resumption: Resumption): void {
    this.line.push(resumption);
    this.shared = undefined;
    if (this.flushing) return;
    this.flushing = true;
    if (this.room < 0)
      void settled.then(this.letThrough); // the turn may go on, but the burst is over
    else macrotask(this.startTurn);
  }

  /**
   * Reads the clock and says whether the turn goes on. When nothing moved for a while, a new turn of the event loop has
   * begun unseen, and one resumption is sent round by the macrotask for nothing; to see turns begin would cost more.
   */
  private readClock(): boolean {
    const now = performance.now();
    this.stride = now - this.lastReading > sliceMs / 8 ? 1 : Math.min(this.stride * 2, longestStride);
    this.lastReading = now;
    this.nextReading = this.moves + this.stride;
    if (now - this.turnStart < sliceMs && this.moves - this.turnStartMoves < movesPerTurn) return true;
    this.nextReading = this.moves; // stays over until a new turn starts
    return false;
  }

  private readonly startTurn = (): void => {
    this.resetTurn();
    this.letThrough();
  };

  private resetTurn(): void {
    this.turnStart = this.lastReading = performance.now();
    this.turnStartMoves = this.moves;
    this.stride = 1;
    this.nextReading = this.moves + 1;
  }

  /**
   * Lets a few through, then gives their continuations (microtasks) room before the next few: otherwise all of them
   * would run in one burst, which no clock could cut short.
   */
  private readonly letThrough = (): void => {
    if (this.moves >= this.nextReading && !this.readClock()) {
      macrotask(this.startTurn);
      return;
    }
    const { line } = this;
    for (let room = this.stride; room > 0;) {
      const resumption = line.shift();
      if (resumption === undefined) break;
      if (resumption === this.shared) this.shared = undefined;
      const count = resumption instanceof SharedTurn ? resumption.passers : 1;
      this.moves += count;
      room -= count;
      resumption.deliver();
    }
    if (line.length > 0) void settled.then(this.letThrough);
    else {
      this.flushing = false;
      this.room = longestBurst;
    }
  };
}

class SharedTurn implements Resumption {
  passers = 0;
  readonly promise: Promise<void>;
  private resolve!: () => void;

  constructor() {
    this.promise = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  deliver(): void {
    this.resolve();
  }
}

/** A first-in, first-out list that never copies more than once what it holds. */
class Line {
  private items: (Resumption | undefined)[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  push(item: Resumption): void {
    this.items.push(item);
  }

  shift(): Resumption | undefined {
    if (this.head === this.items.length) return undefined;
    const item = this.items[this.head];
    this.items[this.head++] = undefined;
    if (this.head === this.items.length) {
      this.items = [];
      this.head = 0;
    } else if (this.head >= 4096 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }
}

/** The one scheduler of this thread. */
export const scheduler: Scheduler = /* @__PURE__ */ shared("scheduler", () => new BudgetedScheduler());
