import { runWith, SeededScheduler, waitAllTasksBlocked } from "@espalier/core/testing";
import { Condition, type LockGuard } from "@espalier/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type Flow, flow } from "./support/flow.ts";
import { pickFrom, programs } from "./support/model.ts";
import { settled } from "./support/settled.ts";

/**
 * One who takes the lock, then does what the test says. `place` is what the model thinks:
 * in line for the lock (at first, notified, or on the way back from a cancellation), holding it, asleep, or done.
 */
class Sleeper {
  place: "in line" | "holding" | "asleep" | "done" = "in line";
  /** What the wait will end with, once it has the lock. */
  outlook: "acquired" | "woken" | "cancelled" = "acquired";
  guard: LockGuard | undefined = undefined;
  readonly seen: string[] = [];
  readonly expected: string[] = [];
  readonly flow: Flow<void>;
  private readonly condition: Condition;

  constructor(condition: Condition) {
    this.condition = condition;
    this.flow = flow(async () => {
      this.guard = await condition.acquire();
      this.seen.push("acquired");
    });
  }

  /** Lets the holder wait. */
  wait(): void {
    void this.flow.run(() =>
      this.condition.wait(this.guard as LockGuard).then(
        () => this.seen.push("woken"),
        () => this.seen.push("cancelled"),
      ),
    );
  }
}

/** Two queues and an owner, moved about naively. */
class Model {
  owner: Sleeper | undefined = undefined;
  readonly line: Sleeper[] = [];
  readonly asleep: Sleeper[] = [];

  lineUp(sleeper: Sleeper, outlook: Sleeper["outlook"]): void {
    sleeper.place = "in line";
    sleeper.outlook = outlook;
    this.line.push(sleeper);
    if (this.owner === undefined) this.next();
  }

  next(): void {
    this.owner = this.line.shift();
    if (this.owner === undefined) return;
    this.owner.place = "holding";
    this.owner.expected.push(this.owner.outlook);
  }

  notify(): void {
    const oldest = this.asleep.shift();
    if (oldest !== undefined) this.lineUp(oldest, "woken");
  }

  cancel(sleeper: Sleeper): void {
    if (sleeper.place === "asleep") {
      this.asleep.splice(this.asleep.indexOf(sleeper), 1);
      this.lineUp(sleeper, "cancelled");
    } else if (sleeper.place === "in line" && sleeper.outlook === "woken") {
      this.line.splice(this.line.indexOf(sleeper), 1);
      this.notify();
      this.lineUp(sleeper, "cancelled");
    } else if (sleeper.place === "in line" && sleeper.outlook === "acquired") {
      this.line.splice(this.line.indexOf(sleeper), 1);
      sleeper.place = "done";
    }
  }
}

const program = programs({ acquire: 5, wait: 6, notify: 3, notifyAll: 1, release: 3, cancel: 3 });

describe("Condition", () => {
  it("behaves like its model", async () => {
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        const condition = new Condition();
        const model = new Model();
        const all: Sleeper[] = [];
        const check = async (): Promise<void> => {
          condition.assertInvariants();
          await settled();
          condition.assertInvariants();
          const { tasksWaiting, lockStatistics } = condition.statistics();
          expect({ tasksWaiting, inLine: lockStatistics.tasksWaiting }).toEqual({
            tasksWaiting: model.asleep.length,
            inLine: model.line.length,
          });
          expect(lockStatistics.owner).toBe(model.owner?.guard);
          expect(all.map((each) => each.seen)).toEqual(all.map((each) => each.expected));
        };
        const release = (): void => {
          const { owner } = model;
          if (owner === undefined) return;
          owner.place = "done";
          owner.guard?.release();
          model.next();
        };
        for (const { kind, pick } of steps) {
          const { owner } = model;
          switch (kind) {
            case "acquire": {
              const sleeper = new Sleeper(condition);
              all.push(sleeper);
              model.lineUp(sleeper, "acquired");
              break;
            }
            case "wait":
              if (owner === undefined) break;
              owner.wait();
              if (owner.flow.status.cancelled) {
                owner.expected.push("cancelled"); // and it has never let the lock go
                break;
              }
              owner.place = "asleep";
              model.asleep.push(owner);
              model.next();
              break;
            case "notify":
              if (owner === undefined) break;
              condition.notify();
              model.notify();
              break;
            case "notifyAll":
              if (owner === undefined) break;
              condition.notifyAll();
              while (model.asleep.length > 0) model.notify();
              break;
            case "release":
              release();
              break;
            case "cancel": {
              const sleeper = pickFrom(all, pick);
              if (sleeper === undefined || sleeper.flow.status.cancelled) break;
              sleeper.flow.cancel();
              model.cancel(sleeper);
            }
          }
          await check();
        }
        // Everybody leaves: nothing is held, nobody waits.
        for (const sleeper of all) {
          if (sleeper.flow.status.cancelled) continue;
          sleeper.flow.cancel();
          model.cancel(sleeper);
          await check();
        }
        while (model.owner !== undefined) {
          release();
          await check();
        }
        expect(condition.locked).toBe(false);
      }),
    );
  });

  it("loses no notification: in any order, if somebody still sleeps, each has woken one", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.oneof(fc.constant("notify" as const), fc.nat(7)), { maxLength: 12, size: "max" }),
        async (seed, count, steps) => {
          await runWith(
            async () => {
              const condition = new Condition();
              let woken = 0;
              let cancelled = 0;
              const sleepers = Array.from({ length: count }, () =>
                flow(async () => {
                  using guard = await condition.acquire();
                  try {
                    await condition.wait(guard);
                    woken++;
                  } catch (error) {
                    cancelled++;
                    throw error;
                  }
                }),
              );
              await waitAllTasksBlocked();
              let notified = 0;
              for (const step of steps) {
                if (step === "notify") {
                  using _guard = await condition.acquire();
                  if (condition.statistics().tasksWaiting > 0) notified++;
                  condition.notify();
                } else sleepers[step]?.cancel();
                condition.assertInvariants();
              }
              await waitAllTasksBlocked();
              const { tasksWaiting, lockStatistics } = condition.statistics();
              expect(woken + cancelled + tasksWaiting).toBe(count);
              expect(lockStatistics).toEqual({ locked: false, owner: undefined, tasksWaiting: 0 });
              if (tasksWaiting > 0) expect(woken).toBe(notified);
              else expect(woken).toBeLessThanOrEqual(notified);
              for (const each of sleepers) each.cancel();
              await Promise.all(sleepers.map((each) => each.ended));
            },
            { scheduler: new SeededScheduler(seed) },
          );
        },
      ),
    );
  });
});
