import { CancelScope } from "@espalier/cancel-scope";
import { detached } from "@espalier/core";
import type { CapacityLimiter, Guard } from "@espalier/sync";
import type { Call } from "./call.ts";
import { CallLine } from "./call-line.ts";
import type { PoolThread } from "./pool-thread.ts";
import { ThreadDiedError } from "./thread-errors.ts";

/**
 * How many calls a thread may have: the one that runs, and those that were sent ahead, so that it need not wait for the
 * next one to come.
 */
const depth = 4;
/** A thread that has told nothing for so long is busy with a long call: others take what was sent ahead to it. */
const silentMs = 2;

/** Where the lane gets threads from, and where they go. */
export interface ThreadSource {
  take(): PoolThread;
  giveBack(thread: PoolThread): void;
}

/**
 * The calls of one limiter: those that wait, and the threads that run the others. Each thread holds a token of the limiter
 * from its first call until it has none left, so the limiter decides how many run.
 *
 * A call is sent ahead to a thread that is busy only when no token is to be had. It is taken back, and given to another
 * thread, when that one would otherwise be idle or when the first turns out to be busy for long.
 */
export class Lane {
  readonly #limiter: CapacityLimiter;
  readonly #source: ThreadSource;
  readonly #line = new CallLine();
  readonly #threads = new Set<PoolThread>();
  /** Whether calls waited when that was last looked at; see {@link Lane.crowded}. */
  #wasCrowded = false;
  /** Waits in the limiter's line for a token; exactly while a call has not begun that a token would help. */
  #request: CancelScope | undefined = undefined;

  constructor(limiter: CapacityLimiter, source: ThreadSource) {
    this.#limiter = limiter;
    this.#source = source;
  }

  /**
   * Whether calls wait. They are awaited, so the process has to go on for them: it is kept alive by the threads whose tokens
   * they wait for, also by those that nobody else waits for any more.
   */
  get crowded(): boolean {
    return this.#line.size > 0;
  }

  /** A new call. */
  submit(call: Call): void {
    this.#line.add(call);
    this.#advance();
  }

  /** A call that waits was cancelled. */
  withdraw(call: Call): void {
    this.#line.remove(call);
    this.#settle();
  }

  /** A thread has ended a call, or one that was sent ahead to it was taken back. */
  hasRoom(thread: PoolThread): void {
    if (this.#mustShare()) {
      for (const call of thread.takeBackAll()) this.#line.putBack(call);
      if (thread.calls.length === 0) this.#rest(thread);
      this.#settle();
      return;
    }
    this.#fill(thread);
    if (thread.calls.length === 0) this.#rest(thread);
    else thread.settleKeepAlive(); // what it goes on with may be abandoned
    this.#settle();
  }

  /** What a thread runs was cancelled, and may go on for long: what was sent ahead to it should not wait for that. */
  isBlocked(thread: PoolThread): void {
    for (const call of thread.takeBackAll()) this.#line.putBack(call);
    this.#advance();
  }

  /** A thread is gone; what had been sent to it and never began is done elsewhere. */
  lost(thread: PoolThread, strays: readonly Call[]): void {
    for (const call of strays) this.#line.putBack(call);
    this.#letGo(thread);
    this.#advance();
  }

  /** Puts as many threads to work as there are tokens, and sends ahead what is left. */
  #advance(): void {
    while (this.#limiter.availableTokens > 0 && this.#hasWork())
      if (!this.#putToWork(this.#limiter.acquireNowait())) break;
    if (!this.#mustShare()) this.#sendAhead();
    this.#settle();
  }

  #hasWork(): boolean {
    return this.#line.size > 0 || this.#isAnyAhead();
  }

  #isAnyAhead(): boolean {
    for (const thread of this.#threads) if (thread.ahead !== undefined) return true;
    return false;
  }

  /** False if there is no thread for what was sent ahead: it stays where it is. */
  #putToWork(token: Guard): boolean {
    let thread: PoolThread;
    try {
      thread = this.#source.take();
    } catch (error) {
      token.release();
      const call = this.#line.head;
      if (call === undefined) return false;
      this.#line.remove(call);
      call.fail(new ThreadDiedError("A thread could not be started.", { cause: error }));
      return true;
    }
    thread.lane = this;
    thread.token = token;
    this.#threads.add(thread);
    this.#fill(thread);
    if (thread.calls.length === 0) this.#rest(thread);
    return true;
  }

  /** Gives a thread something to do, the oldest first, and something ahead. */
  #fill(thread: PoolThread): void {
    while (thread.usable && !thread.blocked && thread.calls.length < depth) {
      const idle = thread.calls.length === 0;
      const call = this.#line.head;
      const stuck = this.#takeStuck(call, thread, idle);
      if (stuck !== undefined) {
        this.#send(stuck, thread);
        continue;
      }
      if (call === undefined || !(idle || call.movable)) return;
      this.#line.remove(call);
      this.#send(call, thread);
    }
  }

  /**
   * Takes back a call, older than the head of the line, that was sent ahead to a thread which does not get to it. An idle
   * thread does not ask how long the other one has been busy.
   */
  #takeStuck(head: Call | undefined, thief: PoolThread, idle: boolean): Call | undefined {
    let longSilent: number | undefined;
    let oldest: Call | undefined;
    let holder: PoolThread | undefined;
    for (const thread of this.#threads) {
      const next = thread === thief ? undefined : thread.ahead;
      if (next === undefined) continue;
      longSilent ??= performance.now() - silentMs;
      if (!idle && thread.lastHeard > longSilent) continue;
      const other = oldest ?? head;
      if (other !== undefined && next.order > other.order) continue;
      oldest = next;
      holder = thread;
    }
    // If it has just begun, there is nothing to take: the line goes on.
    return oldest !== undefined && holder?.takeBack(oldest) === true ? oldest : undefined;
  }

  #sendAhead(): void {
    for (;;) {
      const call = this.#line.head;
      if (call?.movable !== true) return;
      const thread = this.#leastBusy();
      if (thread === undefined) return;
      this.#line.remove(call);
      this.#send(call, thread);
    }
  }

  #leastBusy(): PoolThread | undefined {
    let best: PoolThread | undefined;
    for (const thread of this.#threads) {
      if (!thread.usable || thread.blocked || thread.calls.length >= depth) continue;
      if (best === undefined || thread.calls.length < best.calls.length) best = thread;
    }
    return best;
  }

  #send(call: Call, thread: PoolThread): void {
    const refused = thread.send(call);
    if (refused !== undefined) call.fail(refused);
  }

  /** Whether somebody else waits for a token, or there are fewer of them now: threads give theirs back when they can. */
  #mustShare(): boolean {
    const limiter = this.#limiter;
    if (limiter.availableTokens > 0) return false;
    return (
      limiter.availableTokens < 0 || limiter.statistics().tasksWaiting > (this.#request === undefined ? 0 : 1)
    );
  }

  #rest(thread: PoolThread): void {
    this.#threads.delete(thread);
    const { token } = thread;
    thread.lane = undefined;
    thread.token = undefined;
    thread.settleKeepAlive();
    this.#source.giveBack(thread);
    token?.release();
  }

  /** Like {@link #rest}, for a thread that is gone. */
  #letGo(thread: PoolThread): void {
    this.#threads.delete(thread);
    thread.lane = undefined;
    thread.token?.release();
    thread.token = undefined;
  }

  /** After every change: what follows from there being calls that wait, or none. */
  #settle(): void {
    if (this.#wasCrowded !== this.crowded) {
      this.#wasCrowded = this.crowded;
      for (const thread of this.#threads) thread.settleKeepAlive();
    }
    this.#requestToken();
  }

  /** Waits for a token exactly while it would be of use. */
  #requestToken(): void {
    const wanted = this.#hasWork();
    if (wanted === (this.#request !== undefined)) return;
    if (!wanted) {
      this.#request?.cancel();
      this.#request = undefined;
      return;
    }
    const scope = new CancelScope({ name: "toThread" });
    this.#request = scope;
    // The lane waits, not one of its callers: whoever is the oldest when the token comes is served.
    void detached(() => scope.run(async () => this.#granted(await this.#limiter.acquire(), scope)));
  }

  #granted(token: Guard, scope: CancelScope): void {
    if (this.#request === scope) this.#request = undefined;
    if (!this.#hasWork()) token.release();
    else if (!this.#putToWork(token)) return; // asked for again when something has happened
    this.#settle();
  }
}
