import type { BlockedRequest } from "./clock.ts";
import { macrotask } from "./macrotask.ts";
import type { Runtime } from "./runtime.ts";

/**
 * A task that awaits something foreign, a socket or somebody's promise, cannot be seen to be at rest. It is taken for parked
 * once nothing has moved for so many milliseconds of real time, if nobody says otherwise.
 */
export const usualForeignQuietMs = 20;

/**
 * Tells when every task of a runtime is parked: for `waitAllTasksBlocked` and for clocks that jump then.
 *
 * It looks from a macrotask, when all microtasks have run; what it sees is kept cheap by `runtime.movingTasks`. What it
 * cannot see is a host callback that is still to come (a socket, a timer of somebody else): hence the cushions of real
 * time. (Trio's idle detection has the same blind spot and the same remedy.)
 */
export class BlockedWatch {
  private readonly runtime: Runtime;
  /** The requests, each with the `progress` at which it is not to be served: the standstill that it knows. */
  private readonly requests = new Map<BlockedRequest, number>();
  /** How often a flow came to rest. One that foreign code woke makes no move before it parks again. */
  private rests = 0;
  private looking = false;
  private cushion: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(runtime: Runtime) {
    this.runtime = runtime;
  }

  /** See `ClockHost.whenBlocked`. */
  add(request: BlockedRequest, afterNextMove = false): () => void {
    this.requests.set(request, afterNextMove ? this.progress : -1);
    this.look();
    return () => {
      this.requests.delete(request);
      if (this.requests.size === 0) this.stopWaiting();
    };
  }

  /** Called when a wait begins, and when the last moving task has ended. */
  noticeRest(): void {
    this.rests++;
    this.look();
  }

  private get progress(): number {
    return this.runtime.scheduler.moves + this.rests;
  }

  private look(): void {
    if (this.requests.size === 0 || this.looking) return;
    this.looking = true;
    this.stopWaiting();
    macrotask(this.lookAround);
  }

  private readonly lookAround = (): void => {
    this.looking = false;
    const request = this.foremost();
    if (request === undefined) return;
    if (this.runtime.scheduler.busy) {
      this.look();
      return;
    }
    // A turn of the event loop must pass in which nothing moves, so even a cushion of 0 takes a second look.
    const patience = this.runtime.movingTasks === 0 ? request.cushionMs : request.foreignQuietMs;
    if (patience === Infinity) return; // whoever still moves gives notice when it parks
    const progress = this.progress;
    const moving = this.runtime.movingTasks;
    const confirm = (): void => {
      this.cushion = undefined;
      this.looking = false;
      if (this.progress !== progress || this.runtime.movingTasks !== moving || this.runtime.scheduler.busy)
        this.look();
      else this.wakeAllLike(request);
    };
    if (patience > 0) {
      this.cushion = setTimeout(confirm, patience);
      return;
    }
    this.looking = true;
    macrotask(confirm);
  };

  /** Smallest cushion first; among equals, by rank. */
  private foremost(): BlockedRequest | undefined {
    let best: BlockedRequest | undefined;
    for (const [each, knownStandstill] of this.requests) {
      if (knownStandstill === this.progress) continue;
      if (
        best === undefined ||
        each.cushionMs < best.cushionMs ||
        (each.cushionMs === best.cushionMs && each.rank < best.rank)
      )
        best = each;
    }
    return best;
  }

  private wakeAllLike(request: BlockedRequest): void {
    for (const each of [...this.requests.keys()]) {
      if (each.cushionMs !== request.cushionMs || each.rank !== request.rank) continue;
      this.requests.delete(each);
      each.wake();
    }
    this.look();
  }

  private stopWaiting(): void {
    clearTimeout(this.cushion);
    this.cushion = undefined;
  }
}

/** The watch of a runtime; made when somebody first wants to know, so that programs which never ask do not carry it. */
export function blockedWatchOf(runtime: Runtime): BlockedWatch {
  runtime.blockedWatch ??= new BlockedWatch(runtime);
  return runtime.blockedWatch;
}
