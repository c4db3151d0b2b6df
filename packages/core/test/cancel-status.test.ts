import { Cancelled, checkpoint, isCancelled, run, sleep } from "@espalier/core";
import {
  ambient,
  CancelStatus,
  currentStatus,
  enter,
  park,
  reasonOf,
  runIn,
  whenCancelled,
} from "@espalier/core/lowlevel";
import { rejection } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { cancel, inCancelledScope, open, scope } from "./support/scope.ts";

/** Parks in the status; its rejection is nobody's business. */
function parkIn(status: CancelStatus, onAbort?: () => void): { readonly pending: boolean } {
  const operation = runIn(status, () => park<void>("test", onAbort));
  operation.promise.catch(() => undefined);
  return operation;
}

/** A chain of statuses, the outermost first. */
function chain(length: number, parent: CancelStatus = open()): CancelStatus[] {
  const statuses = [parent];
  for (let i = 1; i < length; i++) statuses.push(open({ parent: statuses[i - 1]!, name: String(i) }));
  return statuses;
}

describe("CancelStatus, open by event", () => {
  it("open + bind: takes runtime, task and cancellation from its parent", () => {
    const parent = open();
    cancel(parent);
    const child = open({ parent });
    expect(child).toMatchObject({ runtime: parent.runtime, parent, cancelled: true, wasCancelled: true });
    const shielded = open({ parent, shield: true });
    expect(shielded).toMatchObject({ cancelled: false, wasCancelled: false });
  });

  it("open + cancel: marks the unshielded subtree and aborts what is parked there", () => {
    const top = open();
    const below = open({ parent: top });
    const shielded = open({ parent: top, shield: true });
    const behind = open({ parent: shielded });
    const beside = open();
    const waits = [top, below, shielded, behind, beside].map((each) => parkIn(each));
    cancel(top);
    expect([top, below, shielded, behind, beside].map((each) => each.cancelled)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(waits.map((each) => each.pending)).toEqual([false, false, true, true, true]);
  });

  it("open + cancel again: nothing, the first reason wins", () => {
    const status = open();
    cancel(status, "first");
    cancel(status, "second");
    expect(reasonOf(status)).toMatchObject({ reason: "first" });
  });

  it("open + setShield(false): lets the cancellation from outside in, at once", () => {
    const top = open();
    const child = open({ parent: top, shield: true });
    const wait = parkIn(child);
    cancel(top, "from outside");
    expect([child.cancelled, wait.pending]).toEqual([false, true]);
    child.setShield(false);
    expect([child.cancelled, wait.pending]).toEqual([true, false]);
    expect(reasonOf(child)).toMatchObject({ reason: "from outside" });
  });

  it("open + setShield(true): holds the cancellation from outside off again", () => {
    const top = open();
    const child = open({ parent: top });
    const below = open({ parent: child });
    cancel(top);
    child.setShield(true);
    expect([child.cancelled, below.cancelled, child.wasCancelled]).toEqual([false, false, true]);
    expect(() => runIn(below, enter)).not.toThrow();
    expect(parkIn(below).pending).toBe(true);
  });

  it("open + setShield(true): does not undo its own cancellation", () => {
    const top = open();
    const child = open({ parent: top });
    cancel(child);
    child.setShield(true);
    expect(child.cancelled).toBe(true);
  });

  it("open + setShield to what it is: nothing", () => {
    const status = open();
    const wait = parkIn(status);
    status.setShield(false);
    expect([status.shielded, wait.pending]).toEqual([false, true]);
  });

  it("open + move: takes over the cancellation of the new parent, at once", () => {
    const from = open();
    const to = open();
    cancel(to, "there");
    const child = open({ parent: from });
    const wait = parkIn(child);
    child.move(to);
    expect([child.parent, child.cancelled, wait.pending]).toEqual([to, true, false]);
    expect(reasonOf(child)).toMatchObject({ reason: "there" });
  });

  it("open + move: leaves the cancellation of the old parent behind", () => {
    const from = open();
    cancel(from);
    const child = open({ parent: from });
    const below = open({ parent: child });
    child.move(open());
    expect([child.cancelled, below.cancelled]).toEqual([false, false]);
    const wait = parkIn(below);
    from.close();
    expect(wait.pending).toBe(true);
  });

  it("open + close: counts as cancelled for good, aborts what is parked below, also behind no shield", () => {
    const top = open();
    const below = open({ parent: top });
    const shielded = open({ parent: top, shield: true });
    const waits = [top, below, shielded].map((each) => parkIn(each));
    top.close();
    expect([top.closed, top.cancelled, below.cancelled, shielded.cancelled]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(waits.map((each) => each.pending)).toEqual([false, false, true]);
    expect(reasonOf(below)).toEqual({ source: "scope-closed", scope: "scope" });
  });
});

describe("CancelStatus, closed by event", () => {
  it("closed + bind of a child: it is cancelled from its birth", () => {
    const parent = open({ name: "left" });
    parent.close();
    const child = open({ parent });
    expect(child.cancelled).toBe(true);
    expect(reasonOf(child)).toEqual({ source: "scope-closed", scope: "left" });
  });

  it("closed + cancel: nothing", () => {
    const status = open();
    status.close();
    cancel(status, "late");
    expect(status.own).toBeUndefined();
    expect(reasonOf(status)).toEqual({ source: "scope-closed", scope: "scope" });
  });

  it("closed + setShield: nothing", () => {
    const status = open();
    status.close();
    status.setShield(true);
    expect([status.shielded, status.cancelled]).toEqual([false, true]);
  });

  it("closed + move: nothing", () => {
    const parent = open();
    const status = open({ parent });
    status.close();
    status.move(open());
    expect([status.parent, status.cancelled]).toEqual([parent, true]);
  });

  it("closed + close: nothing", () => {
    const status = open();
    status.close();
    status.close();
    expect([status.closed, status.cancelled]).toEqual([true, true]);
  });

  it("keeps the reason of the cancellation that came before it was left", () => {
    const status = open();
    cancel(status, "while it was open");
    status.close();
    expect(reasonOf(status)).toMatchObject({ source: "explicit", reason: "while it was open" });
  });
});

describe("CancelStatus before it is bound", () => {
  it("can be cancelled; the first checkpoint inside raises", () => {
    const status = new CancelStatus("scope", "early", ambient, false);
    cancel(status, "early");
    status.bind(currentStatus());
    expect(() => runIn(status, enter)).toThrow(Cancelled);
  });
});

describe("CancelStatus.cancel", () => {
  it("law 1: while a scope is cancelled every checkpoint inside raises, also in catch and finally", async () => {
    const raised: unknown[] = [];
    const attempt = async (): Promise<void> => {
      await checkpoint().catch((error: unknown) => raised.push(error));
    };
    await scope(async (status) => {
      cancel(status);
      try {
        await attempt();
        throw new Error("the body goes on");
      } catch {
        await attempt();
        await scope(attempt, { name: "nested" });
      } finally {
        await attempt();
        await attempt();
      }
    });
    expect(raised).toHaveLength(5);
    expect(raised.every((each) => each instanceof Cancelled)).toBe(true);
    await expect(checkpoint()).resolves.toBeUndefined(); // and no longer once it is left
  });

  it("marks everything before it aborts anything: what onAbort sees is final", () => {
    const top = open();
    const [a, b] = [open({ parent: top }), open({ parent: top })];
    const seen: boolean[][] = [];
    const look = (): void => void seen.push([top.cancelled, a.cancelled, b.cancelled]);
    parkIn(b, look);
    parkIn(top, look);
    parkIn(a, look);
    cancel(top);
    expect(seen).toEqual(Array.from({ length: 3 }, () => [true, true, true]));
  });

  it("an onAbort that cancels, closes and opens other scopes finds a sound tree", () => {
    const top = open();
    const children = Array.from({ length: 10 }, (_, i) => open({ parent: top, name: String(i) }));
    const aborted: number[] = [];
    children.forEach((child, i) =>
      parkIn(child, () => {
        aborted.push(i);
        children[(i + 3) % 10]!.close();
        cancel(children[(i + 5) % 10]!);
        expect(open({ parent: top }).cancelled).toBe(true);
      }),
    );
    cancel(top);
    expect(aborted.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("an onAbort that raises a shield in time saves what has not been aborted yet", () => {
    for (const parkedBehind of [1, 2]) {
      const top = open();
      const first = open({ parent: top });
      const saved = open({ parent: top });
      const waits = Array.from({ length: parkedBehind }, () => parkIn(saved));
      parkIn(first, () => saved.setShield(true));
      cancel(top);
      expect(saved.cancelled).toBe(false);
      expect(waits.map((each) => each.pending)).toEqual(waits.map(() => true));
    }
  });

  it("so it does for what waits in the same scope", () => {
    const top = open();
    const status = open({ parent: top });
    const first = parkIn(status, () => status.setShield(true));
    const second = parkIn(status);
    cancel(top);
    expect([first.pending, second.pending, status.cancelled]).toEqual([false, true, false]);
  });

  it("aborts what is parked in one status first come, first served", () => {
    const status = open();
    const order: number[] = [];
    for (let i = 0; i < 5; i++) parkIn(status, () => order.push(i));
    cancel(status);
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  it("does not need a stack as deep as the tree: 100,000 nested scopes", () => {
    const statuses = chain(100_000);
    const [top, bottom] = [statuses[0]!, statuses.at(-1)!];
    const first = parkIn(bottom);
    cancel(top);
    expect([bottom.cancelled, first.pending]).toEqual([true, false]);

    const middle = statuses[50_000]!;
    middle.setShield(true);
    expect(bottom.cancelled).toBe(false);
    const second = parkIn(bottom);
    middle.setShield(false);
    expect([bottom.cancelled, second.pending]).toEqual([true, false]);

    middle.move(open());
    expect(bottom.cancelled).toBe(false);
    const third = parkIn(bottom);
    middle.close();
    expect([bottom.cancelled, third.pending]).toEqual([true, false]);
  });

  it("marks 100,000 siblings", () => {
    const top = open();
    const siblings = Array.from({ length: 100_000 }, () => open({ parent: top }));
    cancel(top);
    expect(siblings.every((each) => each.cancelled)).toBe(true);
  });

  it("the reason is the first that reached the code", () => {
    const [outer, middle, inner] = chain(3) as [CancelStatus, CancelStatus, CancelStatus];
    cancel(inner, "inner");
    cancel(outer, "outer");
    expect([outer, middle, inner].map((each) => reasonOf(each).reason)).toEqual(["outer", "outer", "inner"]);
  });

  it("a checkpoint at any depth tests one number that is zero while nothing is cancelled", () => {
    for (const each of chain(1000)) expect(each.flags).toBe(0);
  });
});

describe("CancelStatus.catches", () => {
  it("of several cancelled scopes the outermost one catches", () => {
    const [outer, middle, inner] = chain(3) as [CancelStatus, CancelStatus, CancelStatus];
    cancel(inner);
    expect([outer, middle, inner].map((each) => each.catches)).toEqual([false, false, true]);
    cancel(outer);
    expect([outer, middle, inner].map((each) => each.catches)).toEqual([true, false, false]);
  });

  it("a shield hides the cancellation outside", () => {
    const outer = open();
    const inner = open({ parent: outer, shield: true });
    cancel(outer);
    cancel(inner);
    expect([outer.catches, inner.catches]).toEqual([true, true]);
  });
});

describe("a scope that was left", () => {
  it("law 7: code that outlives it meets Cancelled at its next checkpoint, for good", async () => {
    let late!: Promise<unknown[]>;
    let go!: () => void;
    const gate = new Promise<void>((resolve) => (go = resolve));
    await scope(
      async () => {
        late = (async () => {
          await gate;
          return [await rejection(checkpoint()), await rejection(sleep(1)), await rejection(checkpoint())];
        })();
      },
      { name: "request" },
    );
    go();
    const raised = await late;
    expect(raised.every((each) => each instanceof Cancelled)).toBe(true);
    expect((raised[0] as Cancelled).reason).toEqual({ source: "scope-closed", scope: "request" });
    expect((raised[0] as Cancelled).message).toMatch(/outlived the scope "request".*detached\(/);
  });

  it("law 7: so it does when the run is over", async () => {
    let late!: Promise<unknown>;
    let go!: () => void;
    const gate = new Promise<void>((resolve) => (go = resolve));
    await run(() => {
      late = gate.then(() => checkpoint());
      late.catch(() => undefined);
    });
    go();
    expect(isCancelled(await rejection(late))).toBe(true);
  });
});

describe("whenCancelled", () => {
  it("calls back once, synchronously from cancel, with the reason", () => {
    const status = open();
    const calls: unknown[] = [];
    whenCancelled(status, (reason, leaving) => calls.push([reason.reason, leaving]));
    cancel(status, "why");
    expect(calls).toEqual([["why", false]]);
    status.close();
    expect(calls).toHaveLength(1);
  });

  it("calls back when the block is left, and says that it was only left", () => {
    const status = open();
    const calls: unknown[] = [];
    whenCancelled(status, (reason, leaving) => calls.push([reason.source, leaving]));
    status.close();
    expect(calls).toEqual([["scope-closed", true]]);
  });

  it("calls back at once in a cancelled or closed status", async () => {
    const calls: boolean[] = [];
    await inCancelledScope(() => {
      whenCancelled(currentStatus(), (_reason, leaving) => calls.push(leaving));
    });
    const left = open();
    left.close();
    whenCancelled(left, (_reason, leaving) => calls.push(leaving));
    expect(calls).toEqual([false, true]);
  });

  it("is withdrawn by what it gives back, any number of times", () => {
    const status = open();
    let calls = 0;
    const withdraw = whenCancelled(status, () => calls++);
    withdraw();
    withdraw();
    cancel(status);
    withdraw();
    expect(calls).toBe(0);
  });

  it("one hook may withdraw the next", () => {
    const status = open();
    let calls = 0;
    let withdrawSecond: () => void = () => undefined;
    whenCancelled(status, () => withdrawSecond());
    withdrawSecond = whenCancelled(status, () => calls++);
    cancel(status);
    expect(calls).toBe(0);
  });

  it("does not show in the task tree, and does not make an operation beside it any louder", async () => {
    const status = open();
    whenCancelled(status, () => undefined);
    const wait = runIn(status, () => sleep(60_000));
    cancel(status);
    expect(await rejection(wait)).toBeInstanceOf(Cancelled);
  });
});
