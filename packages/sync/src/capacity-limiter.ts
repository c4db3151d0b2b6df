import { MisuseError, WouldBlock } from "@espalier/core";
import { park, ParkingLot, pass, refusal, type Ticket, type Wait } from "@espalier/core/lowlevel";
import { checkCount } from "./check-count.ts";
import type { Guard } from "./guard.ts";
import { invariant } from "./invariant.ts";

/** Anything but `undefined` and `null`, which are more likely a mistake. */
type Borrower = object | string | number | bigint | symbol | boolean;

/** A snapshot of a capacity limiter, for debugging and metrics. */
export interface CapacityLimiterStatistics {
  /** The tokens that are lent. */
  readonly borrowedTokens: number;
  /** The tokens that there are; `Infinity` is possible. */
  readonly totalTokens: number;
  /** Who has one, in the order in which they got it. Without a borrower of its own, the guard stands for it. */
  readonly borrowers: readonly unknown[];
  /** How many wait for one. */
  readonly tasksWaiting: number;
}

/**
 * Limits how many do something at once: each borrows a token and gives it back. Unlike a semaphore it knows its borrowers,
 * one token each, so it cannot be released too often; and its total can be changed while it is in use. After Trio's
 * CapacityLimiter.
 *
 * @example
 * ```ts
 * import { CapacityLimiter } from "@espalier/sync";
 *
 * declare const urls: string[];
 * const connections = new CapacityLimiter(10);
 * async function load(url: string): Promise<string> {
 *   using _connection = await connections.acquire();
 *   return (await fetch(url)).text();
 * }
 * const pages = await Promise.all(urls.map(load));
 * connections.totalTokens = 2; // the server is busy: from now on, fewer
 * ```
 */
export class CapacityLimiter {
  #total: number;
  /** Each borrower and its token. More than `#total` only after that was lowered. */
  readonly #lent = new Map<unknown, Token>();
  /** Nobody waits while a token is free. */
  readonly #waiting = new ParkingLot<Token, Token>();
  /** The borrowers of `#waiting`; disjoint from those of `#lent`. */
  readonly #inLine = new Set<unknown>();

  /**
   * @param totalTokens - How many may have a token at once: a whole number, 0 or more, or `Infinity`.
   * @throws {RangeError} `totalTokens` is not such a number.
   */
  constructor(totalTokens: number) {
    checkCount(totalTokens, "new CapacityLimiter", 0, true);
    this.#total = totalTokens;
  }

  /**
   * How many may have a token at once. Assignable, 0 and `Infinity` too. Raising it lets the oldest waiters in at once;
   * lowering it takes no token away, but none is lent until enough have come back.
   *
   * @throws {RangeError} when assigned: it is not a whole number, 0 or more, or `Infinity`.
   */
  get totalTokens(): number {
    return this.#total;
  }
  set totalTokens(total: number) {
    checkCount(total, "CapacityLimiter.totalTokens", 0, true);
    this.#total = total;
    this.#serve();
  }

  /** The tokens that are lent. */
  get borrowedTokens(): number {
    return this.#lent.size;
  }

  /** The tokens that can be had at once; negative while more are lent than the total, after that was lowered. */
  get availableTokens(): number {
    return this.#total - this.#lent.size;
  }

  /**
   * Borrows a token, waiting for one if none is free. Waiters are served first come, first served. The borrower is the
   * guard itself, so a flow may have several.
   *
   * Do not put it into `Promise.race`: the loser stays in line and takes the next token. Use `moveOnAfter`.
   *
   * @checkpoint always
   * @cancellation No token is taken; the place in line is lost.
   * @returns A guard that gives the token back, once.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   */
  acquire(): Promise<Guard> {
    return this.#acquire(new Token(this.#return));
  }

  /**
   * Borrows a token without waiting.
   *
   * @checkpoint never
   * @throws {WouldBlock} none is free.
   */
  acquireNowait(): Guard {
    return this.#acquireNowait(new Token(this.#return));
  }

  /**
   * Borrows a token on behalf of a borrower, which can give it back by `releaseOnBehalfOf` as well. For tokens that are not
   * tied to a block of code: a worker thread that goes on when its caller has left, a connection in a pool.
   *
   * @checkpoint always
   * @cancellation No token is taken; the place in line is lost.
   * @param borrower - Any value but `undefined` and `null`; told apart as the keys of a `Map` are.
   * @returns A guard that gives the token back, once.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   * @throws {MisuseError} the borrower has a token, or waits for one.
   * @throws {TypeError} there is no borrower.
   */
  acquireOnBehalfOf(borrower: Borrower): Promise<Guard> {
    try {
      this.#requireNew(borrower, "acquireOnBehalfOf");
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#acquire(new Token(this.#return, borrower));
  }

  /**
   * Borrows a token on behalf of a borrower, without waiting.
   *
   * @checkpoint never
   * @param borrower - As in `acquireOnBehalfOf`.
   * @throws {WouldBlock} none is free.
   * @throws {MisuseError} the borrower has a token, or waits for one.
   * @throws {TypeError} there is no borrower.
   */
  acquireOnBehalfOfNowait(borrower: Borrower): Guard {
    this.#requireNew(borrower, "acquireOnBehalfOfNowait");
    return this.#acquireNowait(new Token(this.#return, borrower));
  }

  /**
   * Gives back the token of a borrower; its guard does nothing any more. The oldest waiter gets it at once.
   *
   * @checkpoint never
   * @throws {MisuseError} the borrower has none.
   */
  releaseOnBehalfOf(borrower: Borrower): void {
    const token = this.#lent.get(borrower);
    if (token === undefined) {
      throw new MisuseError(
        `releaseOnBehalfOf: this borrower ${this.#inLine.has(borrower) ? "still waits for a token" : "has no token"}. ` +
          "Give a token back once, with the very value on whose behalf it was acquired, or by the guard that acquire gave.",
      );
    }
    this.#return(token);
  }

  /** A snapshot for debugging and metrics. */
  statistics(): CapacityLimiterStatistics {
    return {
      borrowedTokens: this.#lent.size,
      totalTokens: this.#total,
      borrowers: [...this.#lent.keys()],
      tasksWaiting: this.#waiting.size,
    };
  }

  /** @internal For tests. */
  assertInvariants(): void {
    this.#waiting.assertInvariants();
    const waiting = [...this.#waiting].map((ticket) => ticket.data.borrower);
    invariant(waiting.length === 0 || this.availableTokens <= 0, "somebody waits beside a free token");
    invariant(
      this.#inLine.size === waiting.length && waiting.every((each) => this.#inLine.has(each)),
      "the line and its borrowers differ",
    );
    invariant(!waiting.some((each) => this.#lent.has(each)), "a borrower has a token and waits for another");
    for (const [borrower, token] of this.#lent)
      invariant(token.borrower === borrower, "a token is lent to the wrong borrower");
  }

  #acquire(token: Token): Promise<Guard> {
    const denied = refusal();
    if (denied !== undefined) return denied;
    if (this.availableTokens > 0) {
      this.#lend(token);
      return pass<Guard>(token);
    }
    const operation = park<Token>("capacityLimiter.acquire", this.#leave);
    if (operation.pending) {
      operation.data = this.#waiting.add(operation, token);
      this.#inLine.add(token.borrower);
    }
    return operation.promise;
  }

  #acquireNowait(token: Token): Guard {
    if (this.availableTokens <= 0)
      throw new WouldBlock("The limiter has no token to lend; acquire() would wait for one.");
    this.#lend(token);
    return token;
  }

  #lend(token: Token): void {
    this.#lent.set(token.borrower, token);
  }

  readonly #return = (token: Token): void => {
    if (this.#lent.get(token.borrower) !== token) return; // given back already
    this.#lent.delete(token.borrower);
    this.#serve();
  };

  /** Lends what is free to those who have waited longest. */
  #serve(): void {
    while (this.availableTokens > 0) {
      const oldest = this.#waiting.take();
      if (oldest === undefined) return;
      this.#inLine.delete(oldest.data.borrower);
      this.#lend(oldest.data);
      oldest.operation.resume(oldest.data);
    }
  }

  readonly #leave = (operation: Wait): void => {
    const ticket = operation.data as Ticket<Token, Token>;
    this.#waiting.remove(ticket);
    this.#inLine.delete(ticket.data.borrower);
  };

  #requireNew(borrower: Borrower | null | undefined, method: string): void {
    if (borrower === undefined || borrower === null) {
      throw new TypeError(
        `${method} needs a borrower: the value on whose behalf the token is held, and by which it is given back. ` +
          "Without one, use acquire(): its guard is the borrower.",
      );
    }
    const state = this.#lent.has(borrower)
      ? "has a token already"
      : this.#inLine.has(borrower)
        ? "waits for a token already"
        : undefined;
    if (state === undefined) return;
    throw new MisuseError(
      `${method}: this borrower ${state}, and each can have one. Release it first, or acquire on behalf of another value ` +
        "(acquire() takes a new one each time).",
    );
  }
}

/** One token: in line, then lent to its borrower, then given back. */
class Token implements Guard {
  /** Without one, the token itself. */
  readonly borrower: unknown;
  readonly #giveBack: (token: Token) => void;

  constructor(giveBack: (token: Token) => void, borrower?: unknown) {
    this.#giveBack = giveBack;
    this.borrower = borrower ?? this;
  }

  release(): void {
    this.#giveBack(this);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
