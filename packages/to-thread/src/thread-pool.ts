import type { CapacityLimiter } from "@espalier/sync";
import type { Call } from "./call.ts";
import { Lane, type ThreadSource } from "./lane.ts";
import { PoolThread, type ThreadOwner } from "./pool-thread.ts";

/** How long a thread waits for work before it ends, by default. */
const defaultIdleMs = 10_000;

/** The threads of a process. They are started when a call needs one, and end when they have been idle for long. */
export class ThreadPool implements ThreadSource, ThreadOwner {
  /** The one that was used last is the next to be used, so that surplus ones get to their end. */
  readonly #idle: PoolThread[] = [];
  readonly #lanes = new WeakMap<CapacityLimiter, Lane>();
  readonly #idleMs: number;
  /** How many there are. */
  size = 0;

  constructor(idleMs: number = defaultIdleMs) {
    this.#idleMs = idleMs;
  }

  laneOf(limiter: CapacityLimiter): Lane {
    let lane = this.#lanes.get(limiter);
    if (lane === undefined) {
      lane = new Lane(limiter, this);
      this.#lanes.set(limiter, lane);
    }
    return lane;
  }

  take(): PoolThread {
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      clearTimeout(idle.idleTimer);
      return idle;
    }
    const thread = new PoolThread(this);
    this.size++;
    return thread;
  }

  giveBack(thread: PoolThread): void {
    if (!thread.usable) return; // it is ending
    this.#idle.push(thread);
    thread.idleTimer = setTimeout(this.#end, this.#idleMs, thread);
    thread.idleTimer.unref();
  }

  threadEnded(thread: PoolThread, strays: readonly Call[]): void {
    this.size--;
    clearTimeout(thread.idleTimer);
    this.#forgetIdle(thread);
    thread.lane?.lost(thread, strays);
  }

  readonly #end = (thread: PoolThread): void => {
    this.#forgetIdle(thread);
    thread.terminate();
  };

  #forgetIdle(thread: PoolThread): void {
    const place = this.#idle.indexOf(thread);
    if (place !== -1) this.#idle.splice(place, 1);
  }
}

export const threadPool: ThreadPool = new ThreadPool();
