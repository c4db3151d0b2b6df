import { abandonOnCancel, CancelScope, moveOnAfter } from "@espalier/cancel-scope";
import { Cancelled, checkpoint, taskTree } from "@espalier/core";
import { expectError, rejection, turns, unhandledDuring } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

const never = (): Promise<never> => new Promise<never>(() => undefined);

describe("abandonOnCancel", () => {
  it("gives the value of the promise, at once or later", async () => {
    expect(await abandonOnCancel(Promise.resolve("at once"))).toBe("at once");
    expect(await abandonOnCancel(turns(2).then(() => "later"))).toBe("later");
  });

  it("raises the error of the promise, the very same one", async () => {
    for (const error of [new Error("foreign"), undefined]) {
      expect(await rejection(abandonOnCancel(Promise.reject(error)))).toBe(error);
      expect(await rejection(abandonOnCancel(turns(2).then(() => Promise.reject(error))))).toBe(error);
    }
  });

  it("stops waiting when the scope is cancelled", async () => {
    const scope = new CancelScope();
    const ended = scope.run(() => rejection(abandonOnCancel(never())));
    scope.cancel();
    expect(await ended).toBeInstanceOf(Cancelled);
  });

  it("interrupts a foreign await at a deadline: what plain async/await cannot", async () => {
    expect(await moveOnAfter(1, () => abandonOnCancel(never()))).toBeUndefined();
  });

  it("the promise goes on alone, and its value is dropped", async () => {
    let done = false;
    const work = (async () => {
      await turns(3);
      done = true;
    })();
    const scope = new CancelScope();
    const ended = scope.run(() => abandonOnCancel(work));
    scope.cancel();
    expect(await ended).toBeUndefined();
    expect(done).toBe(false);
    await work;
    expect(done).toBe(true);
  });

  it("a rejection that comes later is handled", async () => {
    const unhandled = await unhandledDuring(async () => {
      const scope = new CancelScope();
      const ended = scope.run(() => abandonOnCancel(turns(2).then(() => Promise.reject(new Error("late")))));
      scope.cancel();
      await ended;
      await turns(4);
    });
    expect(unhandled).toEqual([]);
  });

  it("in a cancelled scope does not wait, and the rejection is handled (law 4)", async () => {
    const unhandled = await unhandledDuring(async () => {
      const scope = new CancelScope();
      scope.cancel();
      await scope.run(() => abandonOnCancel(Promise.reject(new Error("foreign"))));
      expect(scope.cancelledCaught).toBe(true);
    });
    expect(unhandled).toEqual([]);
  });

  it("a value that was delivered before the cancellation counts (law 6)", async () => {
    const scope = new CancelScope();
    let resolve: (value: string) => void = () => undefined;
    const promise = new Promise<string>((settle) => (resolve = settle));
    const ended = scope.run(() => abandonOnCancel(promise));
    resolve("value");
    await promise;
    await turns();
    scope.cancel();
    expect(await ended).toBe("value");
  });

  it("takes any thenable", async () => {
    const thenable: PromiseLike<string> = {
      then: ((resolve: (value: string) => void) => {
        resolve("value");
      }) as PromiseLike<string>["then"],
    };
    expect(await abandonOnCancel(thenable)).toBe("value");
    const broken: PromiseLike<string> = {
      then: () => {
        throw new Error("then failed");
      },
    };
    expect(await rejection(abandonOnCancel(broken))).toEqual(new Error("then failed"));
  });

  it("is seen in the task tree", async () => {
    const scope = new CancelScope({ name: "tree" });
    const ended = scope.run(() => abandonOnCancel(never()));
    expect(taskTree().find((node) => node.name === "tree")).toMatchObject({ waitingFor: "abandonOnCancel" });
    scope.cancel();
    await ended;
  });

  it("gives others a turn, also when the promise has settled long ago (law 8)", async () => {
    let stop = false;
    const settled = Promise.resolve();
    setTimeout(() => (stop = true), 1);
    while (!stop) await abandonOnCancel(settled);
  });

  it("refuses what is no promise (law 13)", async () => {
    for (const wrong of [undefined, 5, () => checkpoint(), { then: 5 }])
      expectError(
        await rejection(abandonOnCancel(wrong as never)),
        TypeError,
        /needs a promise: abandonOnCancel\(work\(\)\)/,
      );
  });
});
