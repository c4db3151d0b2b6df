import { CancelScope, moveOnAfter } from "@espalier/cancel-scope";
import { Cancelled, checkpoint, MisuseError, sleep } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import {
  assertCheckpoints,
  exploreSchedules,
  runVirtual,
  Sequencer,
  waitAllTasksBlocked,
} from "@espalier/testing";
import { describe, expect, it } from "vitest";

import { rejection } from "./support/rejection.ts";

describe("Sequencer.at", () => {
  it("runs the blocks in order, however the tasks are scheduled", async () => {
    await exploreSchedules(
      async () => {
        const sequencer = new Sequencer();
        const log: number[] = [];
        await openNursery((nursery) => {
          for (const position of [4, 2, 0, 3, 1]) {
            nursery.startSoon(() =>
              sequencer.at(position, async () => {
                log.push(position);
                await checkpoint();
                log.push(position);
              }),
            );
          }
        });
        expect(log).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
      },
      { runs: 30 },
    );
  });

  it("gives the value of the block", async () => {
    expect(await new Sequencer().at(0, () => "sync")).toBe("sync");
    expect(await new Sequencer().at(0, () => Promise.resolve("async"))).toBe("async");
  });

  it("lets one task go through several turns", async () => {
    const log: string[] = [];
    const sequencer = new Sequencer();
    await runVirtual(() =>
      openNursery((nursery) => {
        nursery.startSoon(async () => {
          await sequencer.at(0, () => log.push("a0"));
          await sequencer.at(2, () => log.push("a2"));
        });
        nursery.startSoon(async () => {
          await sequencer.at(1, () => log.push("b1"));
          await sequencer.at(3, () => log.push("b3"));
        });
      }),
    );
    expect(log).toEqual(["a0", "b1", "a2", "b3"]);
  });

  it("gives the next one its turn also when the block fails or is cancelled", async () => {
    const sequencer = new Sequencer();
    const error = new Error("mine");
    await runVirtual(async () => {
      const failing = sequencer.at(0, () => {
        throw error;
      });
      expect(await rejection(failing)).toBe(error);
      await moveOnAfter(5, () => sequencer.at(1, () => sleep(10)));
      expect(await sequencer.at(2, () => "goes on")).toBe("goes on");
    });
  });

  it("law 4: is a checkpoint, also where it need not wait", async () => {
    const sequencer = new Sequencer();
    await assertCheckpoints(() => sequencer.at(0, () => undefined));
  });

  it("used twice, breaks the sequence for all", async () => {
    await runVirtual(async () => {
      const sequencer = new Sequencer();
      await openNursery(async (nursery) => {
        nursery.startSoon(async () => {
          const waiting = await rejection(sequencer.at(2, () => undefined));
          expect(waiting).toBeInstanceOf(MisuseError);
          expect(waiting.message).toContain("the number 0 was used a second time");
        });
        await sequencer.at(0, () => undefined);
        await waitAllTasksBlocked();
        expect(await rejection(sequencer.at(0, () => undefined))).toBeInstanceOf(MisuseError);
      });
      expect(await rejection(sequencer.at(1, () => undefined))).toBeInstanceOf(MisuseError);
    });
  });

  it("a number that waits cannot be used a second time either", async () => {
    await runVirtual(async () => {
      const sequencer = new Sequencer();
      await openNursery(async (nursery) => {
        nursery.startSoon(async () => {
          expect(await rejection(sequencer.at(1, () => undefined))).toBeInstanceOf(MisuseError);
        });
        await waitAllTasksBlocked();
        expect(await rejection(sequencer.at(1, () => undefined))).toBeInstanceOf(MisuseError);
      });
    });
  });

  it("cancelled while it waits: raises Cancelled there, and breaks the sequence for all others", async () => {
    await runVirtual(async () => {
      const sequencer = new Sequencer();
      const others: unknown[] = [];
      await openNursery(async (nursery) => {
        for (const position of [2, 3]) {
          nursery.startSoon(async () => {
            others.push(await rejection(sequencer.at(position, () => others.push("ran"))));
          });
        }
        const scope = new CancelScope();
        nursery.startSoon(() => scope.run(() => sequencer.at(1, () => others.push("ran"))));
        await waitAllTasksBlocked();
        scope.cancel();
        await waitAllTasksBlocked();
        expect(scope.cancelledCaught).toBe(true);
      });
      expect(others).toHaveLength(2);
      for (const error of others) expect(error).toBeInstanceOf(MisuseError);
      const late = await rejection(sequencer.at(4, () => undefined));
      expect(late).toBeInstanceOf(MisuseError);
      expect(late.message).toContain("the block at 1 was cancelled before its turn");
    });
  });

  it("law 4: cancelled on entry, raises and does not run the block; the sequence is broken", async () => {
    const sequencer = new Sequencer();
    const scope = new CancelScope();
    scope.cancel();
    let ran = false;
    let raised: unknown;
    await scope.run(async () => {
      raised = await rejection(sequencer.at(0, () => (ran = true)));
    });
    expect(raised).toBeInstanceOf(Cancelled);
    expect(ran).toBe(false);
    expect(await rejection(sequencer.at(1, () => undefined))).toBeInstanceOf(MisuseError);
  });

  it("one cancellation of several raises Cancelled in each of them", async () => {
    await runVirtual(async () => {
      const sequencer = new Sequencer();
      const done = await moveOnAfter(5, () =>
        openNursery((nursery) => {
          for (const position of [1, 2, 3]) nursery.startSoon(() => sequencer.at(position, () => undefined));
        }),
      );
      expect(done).toBeUndefined(); // and no group of MisuseErrors
    });
  });

  it("rejects wrong arguments without harm to the sequence", async () => {
    const sequencer = new Sequencer();
    expect(await rejection(sequencer.at(-1, () => undefined))).toBeInstanceOf(RangeError);
    expect(await rejection(sequencer.at(0.5, () => undefined))).toBeInstanceOf(RangeError);
    expect(await rejection(sequencer.at("0" as never, () => undefined))).toBeInstanceOf(TypeError);
    expect((await rejection(sequencer.at(0, Promise.resolve() as never))).message).toContain(
      "you passed a promise",
    );
    expect(await sequencer.at(0, () => "unharmed")).toBe("unharmed");
  });
});
