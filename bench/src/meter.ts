import { performance } from "node:perf_hooks";

/** Measures one run of a job. The runner starts and stops it; a job that has to prepare something starts it again. */
export class Meter {
  #startedAt = 0;
  #elapsedMs: number | undefined = undefined;
  #idleAtStart = 0;
  #busyMs = 0;

  /** What comes before does not count. */
  start(): void {
    this.#elapsedMs = undefined;
    this.#idleAtStart = performance.nodeTiming.idleTime;
    this.#startedAt = performance.now();
  }

  /** What comes after does not count. The first stop after a start is the one that holds. */
  stop(): void {
    if (this.#elapsedMs !== undefined) return;
    this.#elapsedMs = performance.now() - this.#startedAt;
    this.#busyMs = this.#elapsedMs - (performance.nodeTiming.idleTime - this.#idleAtStart);
  }

  get elapsedMs(): number {
    if (this.#elapsedMs === undefined) throw new Error("the meter was not stopped");
    return this.#elapsedMs;
  }

  /** What remains of the elapsed time when the thread's waiting for timers and I/O is taken off. */
  get busyMs(): number {
    return this.#busyMs;
  }

  /** The bytes that are alive on the heap, garbage excluded. */
  heapBytes(): number {
    if (globalThis.gc === undefined) throw new Error("run Node with --expose-gc to measure the heap");
    // Twice: what the first collection finalises is freed by the second.
    globalThis.gc();
    globalThis.gc();
    return process.memoryUsage().heapUsed;
  }
}
