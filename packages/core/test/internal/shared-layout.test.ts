import { describe, expect, it } from "vitest";

import { ambient, currentStatus, liveRuntimes, Runtime } from "../../src/runtime.ts";
import { BlockedWatch } from "../../src/blocked-watch.ts";
import { CANCELLED, CancelStatus, SLOW, WAS_CANCELLED } from "../../src/cancel-status.ts";
import { Deadline, Deadlines } from "../../src/deadlines.ts";
import { watchForDryLoop } from "../../src/deadlock-watch.ts";
import * as errors from "../../src/errors.ts";
import { park } from "../../src/park.ts";
import { attachProbe } from "../../src/probe.ts";
import { BudgetedScheduler } from "../../src/scheduler.ts";
import { setDeadline } from "../../src/scope-deadline.ts";
import { SystemTasks } from "../../src/system-task.ts";
import { Task } from "../../src/task.ts";
import { Waiter } from "../../src/waiter.ts";
import { open } from "../support/scope.ts";

/*
 * Two installed copies of one major share these objects and call each other's methods on them (law 12; see
 * docs/decisions/0002-two-copies.md). If a test here fails, you have changed what the other copy relies on: that is a
 * breaking change of the package. Adding a field that older copies neither read nor write can be all right; say why in the
 * commit, and change the list.
 */

class SomeDeadline extends Deadline {
  expire(): void {
    // never
  }
  protected letGo(): void {
    // nothing
  }
}

class SomeTask extends Task {
  protected onEnd(): void {
    // nobody waits for it
  }
}

/** Everything that can be reached on an object: own fields, and the methods and accessors of its classes. */
function layout(object: object): { readonly fields: string[]; readonly methods: string[] } {
  const methods = new Set<string>();
  for (let link: object | null = Object.getPrototypeOf(object) as object; link !== Object.prototype;) {
    for (const name of Object.getOwnPropertyNames(link)) if (name !== "constructor") methods.add(name);
    link = Object.getPrototypeOf(link) as object;
  }
  return { fields: Object.keys(object).sort(), methods: [...methods].sort() };
}

describe("law 12: what installed copies share", () => {
  it("the slots of the registry", () => {
    const slots = (globalThis as unknown as Record<symbol, Map<string, unknown>>)[
      Symbol.for("@espalier/core:v0")
    ]!;
    expect([...slots.keys()].sort()).toEqual([
      "ambient",
      "context",
      "deadlock watchers",
      "probes",
      "runtimes",
      "scheduler",
      "signals",
      "spawn sites",
    ]);
    expect(slots.get("ambient")).toBe(ambient);
    expect(slots.get("runtimes")).toBe(liveRuntimes);
    expect(typeof watchForDryLoop).toBe("function");
    expect(typeof attachProbe).toBe("function");
  });

  it("the bits of CancelStatus.flags", () => {
    expect({ CANCELLED, SLOW, WAS_CANCELLED }).toEqual({ CANCELLED: 1, SLOW: 2, WAS_CANCELLED: 4 });
  });

  it("the bits of CancelStatus.bits", () => {
    const bits = (status: CancelStatus): number => (status as unknown as { bits: number }).bits;
    const status = open();
    expect(bits(status)).toBe(0);
    status.setShield(true);
    expect(bits(status)).toBe(1);
    status.noteSignalAborted();
    expect(bits(status)).toBe(1 | 4);
    status.close();
    expect(bits(status)).toBe(1 | 2 | 4);
  });

  it("CancelStatus", () => {
    expect(layout(new CancelStatus("scope", "s", ambient, false))).toEqual({
      fields: [
        "bits",
        "deadline",
        "firstChild",
        "flags",
        "kind",
        "name",
        "next",
        "notes",
        "own",
        "parent",
        "prev",
        "reason",
        "runtime",
        "task",
        "waiters",
      ],
      methods: [
        "belongTo",
        "bind",
        "cancel",
        "cancelled",
        "catches",
        "close",
        "closed",
        "move",
        "noteSignalAborted",
        "setShield",
        "shielded",
        "signalAborted",
        "slowDown",
        "wasCancelled",
      ],
    });
  });

  it("Waiter, and Parked on top of it", () => {
    const operation = park<void>("test");
    expect(layout(operation)).toEqual({
      fields: [
        "data",
        "label",
        "linked",
        "next",
        "onAbort",
        "prev",
        "promise",
        "reject",
        "resolve",
        "result",
        "state",
        "status",
      ],
      methods: [
        "abort",
        "abroad",
        "begin",
        "conclude",
        "countAsMoving",
        "countAsParked",
        "deliver",
        "end",
        "fail",
        "pending",
        "resume",
        "shielded",
      ],
    });
    expect(operation).toBeInstanceOf(Waiter);
    operation.resume();
  });

  it("Task", () => {
    const task = new SomeTask("t", currentStatus());
    expect(layout(task)).toEqual({
      fields: ["cancelStatus", "name", "parkedFlows", "state"],
      methods: [
        "cancel",
        "end",
        "ended",
        "fail",
        "flowMoved",
        "flowParked",
        "onEnd",
        "startNow",
        "startSoon",
        "status",
        "succeed",
      ],
    });
    task.cancelStatus.close();
    ambient.movingTasks--;
  });

  it("Runtime", () => {
    expect(layout(new Runtime({ name: "r" }))).toEqual({
      fields: [
        "blockedWatch",
        "clock",
        "deadlines",
        "movingTasks",
        "observer",
        "onSystemCrash",
        "root",
        "scheduler",
        "slow",
        "systemTasks",
      ],
      methods: [],
    });
  });

  it("Deadline and the deadline of a scope", () => {
    const plain = new SomeDeadline(ambient.deadlines, 5);
    expect(layout(plain)).toEqual({
      fields: ["deadlines", "order", "queued", "time"],
      methods: ["cancel", "expire", "letGo"],
    });
    const status = open();
    setDeadline(status, Infinity);
    expect(layout(status.deadline!)).toEqual({
      fields: ["deadlines", "order", "queued", "status", "time"],
      methods: ["cancel", "expire", "letGo"],
    });
    status.close();
  });

  // Of these only the methods: their fields are written by the copy that made them.
  it.each([
    [
      "Deadlines",
      new Deadlines(ambient.clock, ambient.scheduler),
      ["add", "check", "next", "remove", "size"],
    ],
    ["BudgetedScheduler", new BudgetedScheduler(), ["busy", "moves", "resume", "timed", "turn", "turnBegan"]],
    ["BlockedWatch", new BlockedWatch(ambient), ["add", "noticeRest"]],
    ["SystemTasks", new SystemTasks(new Runtime({ name: "r" })), ["shutDown", "spawn"]],
  ])("%s", (_name, object, used) => {
    for (const name of used) expect(object).toHaveProperty(name);
  });

  it("the brands of the errors", () => {
    const brands = Object.values(errors)
      .filter((each): each is typeof errors.MisuseError => typeof each === "function" && "brand" in each)
      .map((each) => each.brand);
    expect(brands.sort()).toEqual([
      "espalier.BrokenResourceError",
      "espalier.BusyResourceError",
      "espalier.Cancelled",
      "espalier.ClosedResourceError",
      "espalier.DeadlockError",
      "espalier.EndOfChannel",
      "espalier.InternalError",
      "espalier.MisuseError",
      "espalier.WouldBlock",
    ]);
  });
});
