import { Cancelled } from "@espalier/core";
import { park, ParkingLot, runIn } from "@espalier/core/lowlevel";
import { rejection } from "@espalier/test-support";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { cancel, inCancelledScope, open, scope } from "./support/scope.ts";

/** Parks `count` waiters that note their number when they wake. */
function waiters(lot: ParkingLot<string, number>, count: number, log: string[]): Promise<unknown>[] {
  return Array.from({ length: count }, (_, i) =>
    lot.park("test", i).then(
      (value) => log.push(`${i} ${value}`),
      (error: unknown) => log.push(`${i} ${(error as Error).message}`),
    ),
  );
}

describe("ParkingLot.unpark", () => {
  it("law 8: wakes the oldest waiter first", async () => {
    const lot = new ParkingLot<string, number>();
    const log: string[] = [];
    const all = waiters(lot, 3, log);
    expect(lot.unpark("a")).toBe(1);
    await all[0];
    expect(log).toEqual(["0 a"]);
    expect(lot.unpark("b", 2)).toBe(2);
    await Promise.all(all);
    expect(log).toEqual(["0 a", "1 b", "2 b"]);
  });

  it("says how many there were, and is not remembered by an empty lot", async () => {
    const lot = new ParkingLot<string, number>();
    expect(lot.unpark("lost")).toBe(0);
    const log: string[] = [];
    const all = waiters(lot, 2, log);
    expect(lot.unpark("found", 5)).toBe(2);
    await Promise.all(all);
    expect(log).toEqual(["0 found", "1 found"]);
  });

  it("does not count one whose wait was ended elsewhere", async () => {
    const lot = new ParkingLot<string, number>();
    const [ended, waiting] = [park<string>("test"), park<string>("test")];
    lot.add(ended, 0);
    lot.add(waiting, 1);
    ended.resume("elsewhere");
    expect(lot.unpark("here")).toBe(1);
    await expect(Promise.all([ended.promise, waiting.promise])).resolves.toEqual(["elsewhere", "here"]);
  });

  it("unparkAll wakes those that wait now", async () => {
    const lot = new ParkingLot<string, number>();
    const log: string[] = [];
    const all = waiters(lot, 4, log);
    expect(lot.unparkAll("go")).toBe(4);
    expect(lot.size).toBe(0);
    await Promise.all(all);
    expect(log).toHaveLength(4);
    expect(lot.unparkAll("none")).toBe(0);
  });
});

describe("ParkingLot.park", () => {
  it("law 5: a cancelled waiter leaves the queue synchronously, from the middle too", async () => {
    const lot = new ParkingLot<string, number>();
    const statuses = [open(), open(), open()];
    const promises = statuses.map((status, i) => runIn(status, () => lot.park("test", i)));
    expect(lot.size).toBe(3);
    cancel(statuses[1]!);
    expect([...lot].map((ticket) => ticket.data)).toEqual([0, 2]);
    lot.assertInvariants();
    expect(lot.unpark("value", 2)).toBe(2);
    expect(await rejection(promises[1]!)).toBeInstanceOf(Cancelled);
    await expect(Promise.all([promises[0], promises[2]])).resolves.toEqual(["value", "value"]);
  });

  it("law 5: the value of a cancelled waiter goes to the next", async () => {
    const lot = new ParkingLot<string, number>();
    const status = open();
    const cancelled = rejection(runIn(status, () => lot.park("test", 0)));
    const next = lot.park("test", 1);
    cancel(status);
    lot.unpark("value");
    await expect(next).resolves.toBe("value");
    expect(await cancelled).toBeInstanceOf(Cancelled);
  });

  it("law 6: a waiter that was woken keeps its value although it is cancelled before it runs", async () => {
    const lot = new ParkingLot<string, number>();
    const status = open();
    const promise = runIn(status, () => lot.park("test", 0));
    lot.unpark("value");
    cancel(status);
    await expect(promise).resolves.toBe("value");
  });

  it("in a cancelled scope it never gets in line", async () => {
    const lot = new ParkingLot<string, number>();
    await inCancelledScope(async () => {
      expect(await rejection(lot.park("test", 0))).toBeInstanceOf(Cancelled);
    });
    expect(lot.size).toBe(0);
    lot.assertInvariants();
  });
});

describe("ParkingLot.add, take, peek, remove", () => {
  it("hold operations that were parked elsewhere", async () => {
    const lot = new ParkingLot<string, number>();
    const operations = [0, 1, 2].map((i) => {
      const operation = park<string>("test");
      return { operation, ticket: lot.add(operation, i) };
    });
    expect(lot.peek()?.data).toBe(0);
    expect(lot.size).toBe(3);
    expect(lot.remove(operations[1]!.ticket)).toBe(true);
    expect(lot.remove(operations[1]!.ticket)).toBe(false);
    const taken = lot.take();
    expect(taken?.operation).toBe(operations[0]!.operation);
    expect(lot.remove(taken!)).toBe(false);
    expect(new ParkingLot<string, number>().remove(operations[2]!.ticket)).toBe(false); // of another lot
    expect([...lot].map((ticket) => ticket.data)).toEqual([2]);
    expect(lot.take()?.data).toBe(2);
    expect([lot.take(), lot.peek(), lot.size]).toEqual([undefined, undefined, 0]);
    for (const { operation } of operations) operation.resume("");
  });
});

describe("ParkingLot.failAll", () => {
  it("fails those that are picked, in order, each with an error of its own", async () => {
    const lot = new ParkingLot<string, number>();
    const log: string[] = [];
    const all = waiters(lot, 4, log);
    lot.failAll(
      (data) => new Error(`closed ${data}`),
      (data) => data % 2 === 0,
    );
    expect([...lot].map((ticket) => ticket.data)).toEqual([1, 3]);
    lot.failAll(() => new Error("closed"));
    await Promise.all(all);
    expect(log).toEqual(["0 closed 0", "2 closed 2", "1 closed", "3 closed"]);
    lot.assertInvariants();
  });

  it("making an error may take others out of the queue", async () => {
    const lot = new ParkingLot<string, number>();
    const log: string[] = [];
    const all = waiters(lot, 2, log);
    lot.failAll(() => {
      lot.unparkAll("saved");
      return new Error("closed");
    });
    await Promise.all(all);
    expect(log.sort()).toEqual(["0 closed", "1 saved"]);
  });
});

describe("ParkingLot, against a list", () => {
  it("law 5: loses and doubles nobody, whatever is cancelled, woken and failed", async () => {
    const step = fc.record({
      act: fc.constantFrom("park", "cancel", "unpark", "fail", "take"),
      at: fc.nat({ max: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const lot = new ParkingLot<string, number>();
        const list: number[] = [];
        const statuses: ReturnType<typeof open>[] = [];
        const outcomes: Promise<string>[] = [];
        const expected: string[] = [];
        for (const { act, at } of steps) {
          switch (act) {
            case "park": {
              const id = statuses.length;
              const status = open();
              statuses.push(status);
              outcomes.push(
                runIn(status, () => lot.park("test", id)).then(
                  (value) => value,
                  (error: unknown) => (error instanceof Cancelled ? "cancelled" : "failed"),
                ),
              );
              expected.push("waiting");
              list.push(id);
              break;
            }
            case "cancel": {
              const id = at % Math.max(1, statuses.length);
              const place = list.indexOf(id);
              if (statuses[id] !== undefined) cancel(statuses[id]);
              if (place >= 0) expected[list.splice(place, 1)[0]!] = "cancelled";
              break;
            }
            case "unpark":
              expect(lot.unpark("value", at % 4)).toBe(Math.min(at % 4, list.length));
              for (const id of list.splice(0, at % 4)) expected[id] = "value";
              break;
            case "fail":
              lot.failAll(
                () => new Error("x"),
                (id) => id % 5 === at % 5,
              );
              for (const id of list.filter((each) => each % 5 === at % 5)) {
                expected[id] = "failed";
                list.splice(list.indexOf(id), 1);
              }
              break;
            case "take": {
              const ticket = lot.take();
              const id = list.shift();
              expect(ticket?.data).toBe(id);
              ticket?.operation.resume("taken");
              if (id !== undefined) expected[id] = "taken";
              break;
            }
          }
          lot.assertInvariants();
          expect([...lot].map((ticket) => ticket.data)).toEqual(list);
          expect(lot.size).toBe(list.length);
        }
        lot.unparkAll("value");
        for (const id of list) expected[id] = "value";
        expect(await Promise.all(outcomes)).toEqual(expected);
        for (const status of statuses) status.close();
      }),
      { numRuns: 300 },
    );
  });

  it("taking out of the middle of 100,000 is as cheap as from the ends", async () => {
    const lot = new ParkingLot<string, number>();
    await scope(async (status) => {
      const all = Array.from({ length: 100_000 }, (_, i) => lot.park("test", i));
      expect(lot.size).toBe(100_000);
      cancel(status);
      expect(lot.size).toBe(0);
      await Promise.all(all);
    });
  });
});
