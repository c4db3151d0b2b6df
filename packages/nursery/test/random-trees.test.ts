import { CancelScope, moveOnAfter } from "@espalier/cancel-scope";
import { checkpoint, isCancelled, sleep, sleepForever, taskTree } from "@espalier/core";
import { currentStatus } from "@espalier/core/lowlevel";
import { MockClock, randomFrom, runWith, SeededScheduler } from "@espalier/core/testing";
import { flattenErrors, type Nursery, NurseryError, openNursery, type Task } from "@espalier/nursery";
import { describe, expect, it } from "vitest";

/*
 * Random trees of nurseries, with failures, cancellations, time limits, daemons, ready signals, joins and slow cleanup, in
 * seeded orders of resumption. What a program does, and in which order it is resumed, follows from the seed alone.
 */

const seeds = 800;

/** What one program has done, for the account at its end. */
class Account {
  readonly thrown: Error[] = [];
  begun = 0;
  ended = 0;
  cancelled = 0;
}

/** A program of random actions. */
class Program {
  readonly account = new Account();
  readonly #random: () => number;
  /** How much may still happen: keeps every program finite. */
  #fuel = 400;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
  }

  async main(): Promise<void> {
    await moveOnAfter(50 + this.#upTo(400), () => this.#nursery(4));
  }

  #upTo(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  #fail(what: string): Error {
    const error = new Error(`${what} ${this.account.thrown.length}`);
    this.account.thrown.push(error);
    return error;
  }

  async #nursery(depth: number): Promise<void> {
    const live = new Set<object>();
    /** What the children ended with, in order, when it was an error. */
    const failures: unknown[] = [];
    let bodyFailure: readonly unknown[] = [];
    const child =
      (name: string, begin: () => void = () => undefined) =>
      async (): Promise<void> => {
        const mark = {};
        live.add(mark);
        this.account.begun++;
        try {
          begin();
          await this.#act(name, depth - 1);
        } catch (error) {
          if (!isCancelled(error)) failures.push(error);
          else this.account.cancelled++;
          throw error;
        } finally {
          live.delete(mark);
          this.account.ended++;
        }
      };
    try {
      await openNursery(async (nursery) => {
        try {
          await this.#actIn(nursery, depth, child);
        } catch (error) {
          if (!isCancelled(error)) bodyFailure = [error];
          throw error;
        }
      });
      expect([...bodyFailure, ...failures]).toEqual([]);
    } catch (error) {
      if (isCancelled(error)) expect([...bodyFailure, ...failures]).toEqual([]);
      else {
        expect(error).toBeInstanceOf(NurseryError);
        // those whose start() failed told their caller instead
        const { errors } = error as NurseryError;
        expect(errors.slice(0, bodyFailure.length)).toEqual(bodyFailure);
        const ofChildren = errors.slice(bodyFailure.length);
        expect(ofChildren).toEqual(failures.filter((each) => ofChildren.includes(each)));
      }
      throw error;
    } finally {
      expect(live.size).toBe(0); // law 2
    }
  }

  /** The body of a nursery: starts children and does other things. */
  async #actIn(
    nursery: Nursery,
    depth: number,
    child: (name: string, begin?: () => void) => () => Promise<void>,
  ): Promise<void> {
    const own: Task[] = [];
    for (let left = 2 + this.#upTo(8); left > 0 && this.#fuel > 0; left--) {
      this.#fuel--;
      switch (this.#upTo(9)) {
        case 0:
        case 1:
        case 2:
          own.push(nursery.startSoon(child("child")));
          break;
        case 3:
          nursery.startSoon(child("daemon"), { daemon: true });
          break;
        case 4:
          // it fails before it is ready, or is cancelled with its caller, or lives on in the nursery
          await nursery.start<void>((started) =>
            child("service", () => {
              if (this.#chance(0.1)) throw this.#fail("never ready");
              started();
            })(),
          );
          break;
        case 5:
          if (this.#chance(0.15)) nursery.cancelScope.cancel();
          break;
        case 6:
          own[this.#upTo(own.length)]?.cancel();
          break;
        case 7:
          // a failure of the task is the nursery's to report; the one who joins goes on
          await own[this.#upTo(own.length)]?.join().catch((error: unknown) => {
            if (isCancelled(error)) throw error;
          });
          break;
        default:
          await this.#act("body", depth - 1);
      }
    }
  }

  async #act(name: string, depth: number): Promise<void> {
    let failed = false;
    try {
      for (let left = this.#upTo(5); left > 0 && this.#fuel > 0; left--) {
        this.#fuel--;
        switch (this.#upTo(8)) {
          case 0:
          case 1:
            await sleep(this.#upTo(50));
            break;
          case 2:
            await checkpoint();
            break;
          case 3:
            if (this.#chance(0.1)) throw this.#fail(name);
            break;
          case 4:
            await moveOnAfter(this.#upTo(30), () => sleepForever());
            break;
          case 5:
            if (depth > 0) await moveOnAfter(this.#upTo(200), () => this.#nursery(depth));
            break;
          case 6:
            if (name === "daemon") await sleepForever();
            break;
          default:
            if (depth > 0) await this.#nursery(depth);
        }
      }
    } catch (error) {
      failed = !isCancelled(error); // an error that cleanup throws would take its place: that is JavaScript's loss, not ours
      throw error;
    } finally {
      if (this.#chance(0.2)) await new CancelScope({ shield: true }).run(() => sleep(this.#upTo(20)));
      if (!failed && this.#chance(0.02)) throw this.#fail(`cleanup of ${name}`);
    }
  }
}

describe(`laws 2 and 3: ${seeds} random trees of nurseries, in seeded orders`, () => {
  it("every task ends, errors reported are the errors thrown, nothing is left parked", async () => {
    const sum = { begun: 0, thrown: 0, cancelled: 0 };
    for (let seed = 1; seed <= seeds; seed++) {
      const program = new Program(seed);
      const { account } = program;
      await runWith(
        async () => {
          const status = currentStatus();
          let reported: unknown[] = [];
          try {
            await program.main();
          } catch (error) {
            expect(error).toBeInstanceOf(NurseryError);
            reported = flattenErrors(error);
          }
          const { begun, ended, thrown } = account;
          expect({
            seed,
            reported: new Set(reported),
            count: reported.length,
            ended,
            children: status.firstChild,
            parked: status.waiters,
            deadline: status.runtime.deadlines.next,
            movingTasks: status.runtime.movingTasks,
          }).toEqual({
            seed,
            reported: new Set(thrown),
            count: thrown.length,
            ended: begun,
            children: undefined,
            parked: undefined,
            deadline: Infinity,
            movingTasks: 1, // this one
          });
        },
        {
          name: `seed ${seed}`,
          clock: new MockClock({ autojumpThresholdMs: 0 }),
          scheduler: new SeededScheduler(seed),
          deadlockWhenBlocked: true,
        },
      );
      sum.begun += account.begun;
      sum.thrown += account.thrown.length;
      sum.cancelled += account.cancelled;
    }
    expect(JSON.stringify(taskTree())).not.toContain("seed ");
    // that the programs do something worth the name
    expect(sum.begun).toBeGreaterThan(5 * seeds);
    expect(sum.thrown).toBeGreaterThan(seeds / 4);
    expect(sum.cancelled).toBeGreaterThan(seeds);
  });
});
