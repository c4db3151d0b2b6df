import { CancelScope, moveOnAfter } from "@espalier/cancel-scope";
import { openMemoryChannel } from "@espalier/channel";
import { Cancelled, checkpoint, checkpointIfCancelled, currentTime, run, sleep } from "@espalier/core";
import { shieldedCheckpoint } from "@espalier/core/lowlevel";
import { openNursery } from "@espalier/nursery";
import { turns } from "@espalier/test-support";
import { assertCheckpoints, AssertionError, assertNoCheckpoints } from "@espalier/testing";
import { describe, expect, expectTypeOf, it } from "vitest";

import { rejection } from "./support/rejection.ts";

/** What `body` does of a checkpoint, by name. */
const bodies = {
  none: async () => {
    await turns();
  },
  "cancelling half": () => checkpointIfCancelled(),
  "scheduling half": () => shieldedCheckpoint(),
  both: () => checkpoint(),
  wait: () => sleep(1),
};

describe("assertCheckpoints", () => {
  it("passes for a checkpoint, and gives the value", async () => {
    await assertCheckpoints(bodies.both);
    await assertCheckpoints(bodies.wait);
    const value = await assertCheckpoints(() => checkpoint().then(() => 5));
    expectTypeOf(value).toEqualTypeOf<number>();
    expect(value).toBe(5);
  });

  it("counts halves that come one after the other", async () => {
    await assertCheckpoints(async () => {
      await checkpointIfCancelled();
      await shieldedCheckpoint();
    });
  });

  it.each(["none", "cancelling half", "scheduling half"] as const)("fails with %s", async (name) => {
    const error = await rejection(assertCheckpoints(bodies[name]));
    expect(error).toBeInstanceOf(AssertionError);
    expect(error.message).toMatch(/should have been a checkpoint/);
  });

  it("says which half is missing", async () => {
    expect((await rejection(assertCheckpoints(bodies["cancelling half"]))).message).toContain(
      "gave others a turn",
    );
    expect((await rejection(assertCheckpoints(bodies["scheduling half"]))).message).toContain(
      "looked whether it was cancelled",
    );
    const both = (await rejection(assertCheckpoints(function work() {}))).message;
    expect(both).toBe(
      "work should have been a checkpoint, but it never looked whether it was cancelled and it never gave others a turn.",
    );
  });

  it("fails for a value that comes at once", async () => {
    expect(await rejection(assertCheckpoints(() => 1))).toBeInstanceOf(AssertionError);
  });

  it("lets an error pass, as itself", async () => {
    const error = new Error("mine");
    expect(
      await rejection(
        assertCheckpoints(() => {
          throw error;
        }),
      ),
    ).toBe(error);
  });

  it("lets a cancellation pass", async () => {
    const scope = new CancelScope();
    scope.cancel();
    await scope.run(() => assertCheckpoints(() => checkpoint()));
    expect(scope.cancelledCaught).toBe(true);
  });

  it("takes the exit of a nursery for no cancel point", async () => {
    expect(await rejection(assertCheckpoints(() => openNursery(() => undefined)))).toBeInstanceOf(
      AssertionError,
    );
    const withChild = rejection(
      assertCheckpoints(() =>
        openNursery((nursery) => {
          nursery.startSoon(() => sleep(1)); // the child's checkpoints are not the body's
        }),
      ),
    );
    expect((await withChild).message).toContain("looked whether it was cancelled");
  });

  it("sees into scopes that the body opens", async () => {
    await assertCheckpoints(() => moveOnAfter(1000, () => checkpoint()));
  });

  it("works inside a run as outside", async () => {
    await run(() => assertCheckpoints(() => sleep(0)));
  });

  it("rejects what is no function", async () => {
    expect(await rejection(assertCheckpoints(sleep(0) as never))).toBeInstanceOf(TypeError);
    expect(await rejection(assertNoCheckpoints(1 as never))).toBeInstanceOf(TypeError);
  });
});

describe("assertNoCheckpoints", () => {
  it("passes where there is none, and gives the value", async () => {
    await assertNoCheckpoints(bodies.none);
    const value = await assertNoCheckpoints(() => currentTime());
    expectTypeOf(value).toEqualTypeOf<number>();
    const [send, receive] = openMemoryChannel<number>(1);
    await assertNoCheckpoints(() => {
      send.sendNowait(1);
      receive.receiveNowait();
      send.clone().close();
    });
  });

  it.each(["cancelling half", "scheduling half", "both", "wait"] as const)("fails with %s", async (name) => {
    expect(await rejection(assertNoCheckpoints(bodies[name]))).toBeInstanceOf(AssertionError);
  });

  it("says what it was", async () => {
    expect((await rejection(assertNoCheckpoints(bodies.wait))).message).toContain("waited for sleep");
    expect((await rejection(assertNoCheckpoints(bodies.both))).message).toContain("gave others a turn");
  });

  it("fails also when the body raises after one; its error is the cause", async () => {
    const error = new Error("mine");
    const assertion = await rejection(
      assertNoCheckpoints(async () => {
        await checkpoint();
        throw error;
      }),
    );
    expect(assertion).toBeInstanceOf(AssertionError);
    expect(assertion.cause).toBe(error);
  });

  it("lets the error of a body without one pass, as itself", async () => {
    const error = new Error("mine");
    expect(await rejection(assertNoCheckpoints(() => Promise.reject(error)))).toBe(error);
  });

  it("does not count checkpoints of tasks that the body starts", async () => {
    await openNursery((nursery) =>
      assertNoCheckpoints(() => {
        nursery.startSoon(() => checkpoint());
      }),
    );
  });

  it("is no cover for a checkpoint in a cancelled scope", async () => {
    const scope = new CancelScope();
    scope.cancel();
    const error = await rejection(scope.run(() => assertNoCheckpoints(() => checkpoint())));
    expect(error).toBeInstanceOf(AssertionError);
    expect(error.cause).toBeInstanceOf(Cancelled);
  });
});
