import { CancelScope } from "@espalier/cancel-scope";
import { checkpoint, currentTime, MisuseError, sleep, sleepForever, taskTree } from "@espalier/core";
import { expectError, rejection, thrownBy, turns } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { virtually } from "./support/virtual.ts";

describe("new CancelScope", () => {
  it("without options is open: no deadline, no shield, not cancelled", () => {
    const scope = new CancelScope();
    expect(scope).toMatchObject({
      deadline: Infinity,
      shield: false,
      cancelCalled: false,
      cancelledCaught: false,
      name: "scope",
    });
  });

  it("takes a deadline, a shield and a name", () => {
    const scope = new CancelScope({ deadline: 1e9, shield: true, name: "download" });
    expect(scope).toMatchObject({ deadline: 1e9, shield: true, name: "download" });
  });

  it("counts a timeout from entry, not from construction", () =>
    virtually(async () => {
      const scope = new CancelScope({ timeout: 100 });
      await sleep(1000);
      await scope.run(async () => {
        expect(scope.deadline).toBe(1100);
        await sleepForever();
      });
      expect(currentTime()).toBe(1100);
      expect(scope.cancelledCaught).toBe(true);
    }));

  it("a deadline is a time on the run's clock", () =>
    virtually(async () => {
      await sleep(1000);
      const scope = new CancelScope({ deadline: 1250 });
      await scope.run(() => sleepForever());
      expect(currentTime()).toBe(1250);
    }));

  it("an infinite timeout or deadline is none", () =>
    virtually(async () => {
      for (const options of [{ timeout: Infinity }, { deadline: Infinity }]) {
        const scope = new CancelScope(options);
        expect(
          await scope.run(async () => {
            await sleep(1e9);
            return scope.deadline;
          }),
        ).toBe(Infinity);
      }
    }));

  it("a timeout of 0 cancels at entry: the first checkpoint raises (law 4)", async () => {
    const scope = new CancelScope({ timeout: 0 });
    const steps: string[] = [];
    await scope.run(async () => {
      steps.push("runs up to there");
      await checkpoint();
      steps.push("never");
    });
    expect(steps).toEqual(["runs up to there"]);
    expect(scope).toMatchObject({ cancelCalled: true, cancelledCaught: true });
  });

  it.each([-Infinity, -1, 0])("a deadline that has passed (%d) cancels at entry", (deadline) =>
    virtually(async () => {
      await sleep(5);
      const scope = new CancelScope({ deadline });
      expect(await scope.run(() => sleep(0).then(() => "value"))).toBeUndefined();
      expect(scope.cancelledCaught).toBe(true);
    }),
  );

  it.each([
    [{ timeout: -1 }, /0 ms or more, not -1/],
    [{ timeout: NaN }, /0 ms or more, not NaN/],
    [{ deadline: NaN }, /not NaN/],
    [{ deadline: Date.now() + 500 }, /looks like Date\.now\(\).*currentTime\(\) \+ milliseconds/],
    [{ timeout: 5, deadline: 5 }, /not both/],
    [{ timeout: 5, deadline: Infinity }, /not both/],
  ])("refuses %o with a RangeError (law 13)", (options, message) => {
    expectError(
      thrownBy(() => new CancelScope(options)),
      RangeError,
      message,
    );
  });

  it.each([
    [500, /options as an object, such as \{ timeout: 500 \}, not a number/],
    [null, /not null/],
    [{ timeout: "5" }, /needs a number of milliseconds, not a string/],
    [{ timeout: null }, /not null/],
    [{ deadline: new Date() }, /needs a time in milliseconds, not an object/],
    [{ shield: 1 }, /needs true or false, not a number/],
    [{ shield: Object.create(null) }, /needs true or false, not an object/],
    [{ name: 5 }, /^CancelScope\.name needs a string, not a number/],
    [{ name: null }, /^CancelScope\.name needs a string, not null/],
    [{ signal: new AbortController() }, /pass controller\.signal/],
    [{ signal: {} }, /needs an AbortSignal/],
    [{ signal: null }, /needs an AbortSignal/],
    [{ signal: "abort" }, /needs an AbortSignal/],
  ])("refuses %o with a TypeError (law 13)", (options, message) => {
    expectError(
      thrownBy(() => new CancelScope(options as object)),
      TypeError,
      message,
    );
  });

  it("an option that is undefined is not there", () => {
    const options = {
      timeout: undefined,
      deadline: 5,
      shield: undefined,
      signal: undefined,
      name: undefined,
    };
    expect(new CancelScope(options as object)).toMatchObject({ deadline: 5, shield: false, name: "scope" });
  });

  it("leaves nothing in the task tree before entry and after it was left", async () => {
    const scope = new CancelScope({ name: "seen only while it runs" });
    const seen = (): boolean => JSON.stringify(taskTree()).includes(scope.name);
    expect(seen()).toBe(false);
    await scope.run(() => {
      expect(seen()).toBe(true);
    });
    expect(seen()).toBe(false);
  });
});

describe("CancelScope.run", () => {
  it("gives the body's value, and the body itself", async () => {
    const scope = new CancelScope();
    const value = await scope.run(async (given) => {
      expect(given).toBe(scope);
      await checkpoint();
      return 42;
    });
    expect(value).toBe(42);
    expect(scope).toMatchObject({ cancelCalled: false, cancelledCaught: false });
  });

  it("runs a synchronous body, at once", async () => {
    let ran = false;
    const ended = new CancelScope().run(() => {
      ran = true;
      return "value";
    });
    expect(ran).toBe(true);
    expect(await ended).toBe("value");
  });

  it.each([
    [
      "thrown synchronously",
      (error: unknown) => () => {
        throw error;
      },
    ],
    [
      "thrown by an async body",
      (error: unknown) => async () => {
        await checkpoint();
        throw error;
      },
    ],
    ["rejected", (error: unknown) => () => Promise.reject(error)],
  ])("passes on the body's error, the very same one: %s", async (_how, bodyThatThrows) => {
    for (const error of [new Error("body"), "a string", undefined, null]) {
      const scope = new CancelScope();
      expect(await rejection(scope.run(bodyThatThrows(error)))).toBe(error);
      expect(scope).toMatchObject({ cancelCalled: false, cancelledCaught: false });
    }
  });

  it("passes on an error of a cancelled body", async () => {
    const error = new Error("cleanup failed");
    const scope = new CancelScope();
    const raised = rejection(
      scope.run(async () => {
        try {
          await sleepForever();
        } finally {
          throw error;
        }
      }),
    );
    scope.cancel();
    expect(await raised).toBe(error);
    expect(scope).toMatchObject({ cancelCalled: true, cancelledCaught: false });
  });

  it("runs once: a second run is a MisuseError that names the remedy (law 13)", async () => {
    const scope = new CancelScope({ name: "once" });
    let runs = 0;
    const body = async (): Promise<void> => {
      runs++;
      await turns();
    };
    const first = scope.run(body);
    const remedy = /"once" was entered before; .* make a new one/;
    expectError(await rejection(scope.run(body)), MisuseError, remedy); // while it runs
    await first;
    expectError(await rejection(scope.run(body)), MisuseError, remedy); // and afterwards
    expect(runs).toBe(1);
  });

  it("inside itself it is refused too, and goes on", async () => {
    const scope = new CancelScope();
    const value = await scope.run(async () => {
      expect(await rejection(scope.run(() => 1))).toBeInstanceOf(MisuseError);
      return "still open";
    });
    expect(value).toBe("still open");
  });

  it("a promise instead of a function is told at once, and does not use the scope up (law 13)", async () => {
    const scope = new CancelScope();
    const promise = Promise.resolve(1) as unknown as () => number;
    expectError(await rejection(scope.run(promise)), TypeError, /you passed a promise; pass the function/);
    expectError(await rejection(scope.run(5 as unknown as () => number)), TypeError, /needs a function/);
    expect(await scope.run(() => "now")).toBe("now");
  });

  it("never throws synchronously (law 4)", async () => {
    const scope = new CancelScope();
    const ended = scope.run(() => {
      throw new Error("sync");
    });
    expect(await rejection(ended)).toEqual(new Error("sync"));
    expect(await rejection(scope.run(undefined as unknown as () => void))).toBeInstanceOf(TypeError);
  });

  it("waits for the body, however long it takes after the cancellation", () =>
    virtually(async () => {
      const scope = new CancelScope({ timeout: 10 });
      await scope.run(async () => {
        await sleepForever().catch(() => undefined);
        await new CancelScope({ shield: true }).run(() => sleep(500));
      });
      expect(currentTime()).toBe(510);
    }));
});
