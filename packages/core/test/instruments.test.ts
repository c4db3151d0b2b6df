import { checkpoint, run, sleep } from "@espalier/core";
import { currentStatus, type Instrument, park, ParkingLot, runIn } from "@espalier/core/lowlevel";
import { rejection } from "@espalier/test-support";
import { afterEach, describe, expect, it, vi } from "vitest";

import { cancel, open, scope } from "./support/scope.ts";
import { spawn } from "./support/task.ts";

/** An instrument that writes down everything it is told. */
function recorder(): { readonly log: string[]; readonly instrument: Required<Instrument> } {
  const log: string[] = [];
  return {
    log,
    instrument: {
      taskSpawned: (task) => log.push(`spawned ${task.name} (${task.status})`),
      taskExited: (task) => log.push(`exited ${task.name} (${task.status})`),
      parked: (task, label) => log.push(`parked ${task?.name} in ${label}`),
      resumed: (task, label) => log.push(`resumed ${task?.name} from ${label}`),
      scopeCancelled: (cancelled, reason) =>
        log.push(`cancelled ${cancelled.kind} ${cancelled.name} (${reason.source})`),
    },
  };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("an instrument", () => {
  it("is told of tasks, waits and cancellations, as they happen", async () => {
    const { log, instrument } = recorder();
    await run(
      async () => {
        log.push("main begins");
        const gate = new ParkingLot();
        const child = spawn(() => gate.park("gate", undefined), "child");
        const failing = spawn(() => {
          throw new Error("x");
        }, "failing");
        await failing.join();
        gate.unpark();
        await child.join();
        await scope(
          async (status) => {
            setImmediate(() => cancel(status));
            await park("reply").promise;
          },
          { name: "request" },
        );
        const victim = spawn(() => park("for ever").promise, "victim");
        await checkpoint();
        victim.cancel();
        await victim.join();
      },
      { name: "main", instruments: [instrument] },
    );
    expect(log).toEqual([
      "spawned main (pending)",
      "main begins",
      "spawned child (pending)",
      "spawned failing (pending)",
      "parked main in join",
      "parked child in gate",
      "exited failing (failed)",
      "resumed main from join",
      "resumed child from gate",
      "parked main in join",
      "exited child (succeeded)",
      "resumed main from join",
      "parked main in reply",
      "cancelled scope request (explicit)",
      "resumed main from reply",
      "spawned victim (pending)",
      "parked victim in for ever",
      "cancelled task victim (explicit)",
      "resumed victim from for ever",
      "parked main in join",
      "exited victim (cancelled)",
      "resumed main from join",
      "exited main (succeeded)",
    ]);
  });

  it("is told of scopes that were cancelled themselves, once, not of what is inside", async () => {
    const { log, instrument } = recorder();
    await run(
      async () => {
        const outer = open({ name: "outer" });
        open({ name: "inner", parent: outer });
        cancel(outer);
        cancel(outer);
        outer.close();
      },
      { instruments: [instrument] },
    );
    expect(log.filter((each) => each.startsWith("cancelled"))).toEqual(["cancelled scope outer (explicit)"]);
  });

  it("is told of the end of every wait that it was told of, refused ones included", async () => {
    const { log, instrument } = recorder();
    await run(
      async () => {
        const refused = await scope(async (status) => {
          cancel(status);
          return [
            await rejection(park("refused").promise),
            await rejection(sleep(1)),
            await rejection(checkpoint()),
          ];
        });
        expect(refused).toHaveLength(3);
        const left = open();
        const waits = [runIn(left, () => park("left").promise), runIn(left, () => park("left").promise)];
        left.close();
        await Promise.allSettled(waits);
      },
      { instruments: [instrument] },
    );
    expect(log.filter((each) => each.startsWith("parked"))).toEqual([
      "parked main in refused",
      "parked main in left",
      "parked main in left",
    ]);
    expect(log.filter((each) => each.startsWith("resumed"))).toHaveLength(3);
  });

  it("need not have every hook", async () => {
    let spawned = 0;
    await run(() => sleep(1), { instruments: [{ taskSpawned: () => spawned++ }, {}] });
    expect(spawned).toBe(1);
  });

  it("sees what belongs to no task, too", async () => {
    const { log, instrument } = recorder();
    await run(
      async () => {
        const root = currentStatus().parent!;
        const outside = open({ parent: root });
        expect(outside.task).toBeUndefined();
        cancel(outside);
      },
      { instruments: [instrument] },
    );
    expect(log).toContain("cancelled scope scope (explicit)");
  });

  it("that throws is reported and removed; the others and the program go on", async () => {
    const reported = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const error = new Error("broken instrument");
    let calls = 0;
    const broken: Instrument = {
      taskSpawned() {
        calls++;
        throw error;
      },
      parked: () => calls++,
    };
    const { log, instrument } = recorder();
    await expect(
      run(
        async () => {
          await sleep(1);
          return "value";
        },
        { instruments: [broken, instrument] },
      ),
    ).resolves.toBe("value");
    expect(calls).toBe(1);
    expect(reported).toHaveBeenCalledTimes(1);
    expect(reported).toHaveBeenCalledWith("espalier: an instrument threw, and was removed:", error);
    expect(log).toContain("spawned main (pending)");
    expect(log).toContain("exited main (succeeded)");
  });

  it("hears of its own run only", async () => {
    const { log, instrument } = recorder();
    await Promise.all([
      run(() => sleep(1), { instruments: [instrument], name: "mine" }),
      run(() => sleep(2), { name: "other" }),
    ]);
    expect(log.every((each) => each.includes("mine"))).toBe(true);
  });

  it("does not change what the program does, nor in which order", async () => {
    const program = async (): Promise<string[]> => {
      const order: string[] = [];
      const tasks = ["a", "b", "c"].map((name) =>
        spawn(async () => {
          for (let i = 0; i < 3; i++) {
            order.push(`${name}${i}`);
            await checkpoint();
          }
        }),
      );
      for (const task of tasks) await task.join();
      return order;
    };
    expect(await run(program, { instruments: [recorder().instrument] })).toEqual(await run(program));
  });
});
