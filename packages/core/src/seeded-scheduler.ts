import { macrotask } from "./macrotask.ts";
import type { Resumption, Scheduler } from "./scheduler.ts";

/**
 * A scheduler for tests: one resumption a turn, picked at random from all that are ready. The same seed gives the same
 * order, as long as the program depends on nothing but the library; so a rare order of events can be found once and
 * replayed for ever.
 */
export class SeededScheduler implements Scheduler {
  readonly timed = false;
  moves = 0;
  private readonly ready: Resumption[] = [];
  private stepping = false;
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = randomFrom(seed);
  }

  get busy(): boolean {
    return this.ready.length > 0;
  }

  resume(resumption: Resumption): void {
    this.moves++;
    this.ready.push(resumption);
    if (this.stepping) return;
    this.stepping = true;
    macrotask(this.step);
  }

  turn(): Promise<void> {
    return new Promise((resolve) => {
      this.resume({ deliver: resolve });
    });
  }

  turnBegan(): void {
    // its turns are its own
  }

  private readonly step = (): void => {
    const { ready } = this;
    const picked = Math.floor(this.random() * ready.length);
    const resumption = ready[picked] as Resumption;
    ready[picked] = ready[ready.length - 1] as Resumption;
    ready.pop();
    this.moves++;
    resumption.deliver();
    this.stepping = ready.length > 0;
    if (this.stepping) macrotask(this.step);
  };
}

/** Numbers from 0 to 1, the same for the same seed. (Mulberry32, by Tommy Ettinger; in the public domain.) */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
