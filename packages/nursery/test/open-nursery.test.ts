import { CancelScope, currentSignal, moveOnAfter } from "@espalier/cancel-scope";
import {
  Cancelled,
  checkpoint,
  currentTime,
  isCancelled,
  run,
  sleep,
  sleepForever,
  taskTree,
} from "@espalier/core";
import { type Nursery, NurseryError, openNursery } from "@espalier/nursery";
import { expectError, rejection, turns, unhandledDuring } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { virtually } from "./support/virtual.ts";

describe("openNursery", () => {
  it("gives the value of its body, once every child has ended (law 2)", () =>
    virtually(async () => {
      const ended: number[] = [];
      const value = await openNursery((nursery) => {
        for (const ms of [30, 10, 20]) nursery.startSoon(() => sleep(ms).then(() => ended.push(ms)));
        return "value";
      });
      expect(value).toBe("value");
      expect(ended).toEqual([10, 20, 30]);
      expect(currentTime()).toBe(30);
    }));

  it("without children is left at once", async () => {
    expect(await openNursery(() => 42)).toBe(42);
    expect(await openNursery(async () => undefined)).toBeUndefined();
  });

  it("works outside of run, anywhere (law 10)", async () => {
    const seen: string[] = [];
    await openNursery((nursery) => {
      nursery.startSoon(async () => {
        await sleep(1);
        seen.push("child");
      });
    });
    expect(seen).toEqual(["child"]);
  });

  it("runs the body at once, up to its first await", () => {
    let began = false;
    void openNursery(() => (began = true));
    expect(began).toBe(true);
  });

  it("is named by its option, else by its body, else nursery", async () => {
    const nameOf = (
      body: (nursery: Nursery) => string,
      options?: { name: string },
    ): Promise<string | undefined> => openNursery(body, options);
    function connections(nursery: Nursery): string {
      expect(JSON.stringify(taskTree())).toContain(`{"kind":"nursery","name":"${nursery.name}"`);
      return nursery.name;
    }
    expect(await nameOf(connections)).toBe("connections");
    expect(await nameOf(connections, { name: "mine" })).toBe("mine");
    expect(await nameOf((nursery) => nursery.name)).toBe("nursery");
  });

  it("refuses what is no body (law 13)", async () => {
    expectError(
      await rejection(openNursery(checkpoint() as never)),
      TypeError,
      /^openNursery: you passed a promise; pass the function/,
    );
    expectError(await rejection(openNursery(undefined!)), TypeError, /needs a function, not undefined/);
  });

  it("refuses options that are no object, and a name that is no string (law 13)", async () => {
    const named = openNursery(() => undefined, "server" as never);
    expectError(await rejection(named), TypeError, /^openNursery takes its options as an object/);
    const wrong = openNursery(() => undefined, { name: 5 as never });
    expectError(await rejection(wrong), TypeError, /^openNursery\.name needs a string, not a number/);
  });
});

describe("law 2: a nursery's block is not left until every child has ended", () => {
  /** A child whose cleanup takes its time, also when it is cancelled. */
  const slowToEnd = (ended: string[], name: string) => async (): Promise<void> => {
    try {
      await sleepForever();
    } finally {
      await new CancelScope({ shield: true }).run(() => sleep(50));
      ended.push(name);
    }
  };

  it.each<[how: string, end: (nursery: Nursery) => unknown]>([
    ["the body throws", () => Promise.reject(new Error("body"))],
    [
      "the body throws synchronously",
      () => {
        throw new Error("body");
      },
    ],
    ["a child fails", (nursery) => void nursery.startSoon(() => Promise.reject(new Error("child")))],
    [
      "the nursery is cancelled",
      (nursery) => {
        nursery.cancelScope.cancel();
      },
    ],
    ["the body is cancelled and raises", (nursery) => (nursery.cancelScope.cancel(), checkpoint())],
    ["its deadline passes", (nursery) => void (nursery.cancelScope.deadline = 10)],
  ])("when %s", (_how, end) =>
    virtually(async () => {
      const ended: string[] = [];
      await openNursery(async (nursery) => {
        for (const name of ["a", "b", "c"]) nursery.startSoon(slowToEnd(ended, name));
        await sleep(1);
        await end(nursery);
      }).catch(() => undefined);
      expect(ended).toEqual(["a", "b", "c"]);
    }),
  );

  it("when a scope around it is cancelled", () =>
    virtually(async () => {
      const ended: string[] = [];
      await moveOnAfter(10, () =>
        openNursery((nursery) => {
          nursery.startSoon(slowToEnd(ended, "a"));
        }),
      );
      expect(ended).toEqual(["a"]);
      expect(currentTime()).toBe(60);
    }));

  it("nor while children start children, after the body has ended", () =>
    virtually(async () => {
      const ended: number[] = [];
      await openNursery((nursery) => {
        const generation = (left: number) => async (): Promise<void> => {
          await sleep(10);
          if (left > 0) nursery.startSoon(generation(left - 1));
          ended.push(left);
        };
        nursery.startSoon(generation(5));
      });
      expect(ended).toEqual([5, 4, 3, 2, 1, 0]);
      expect(currentTime()).toBe(60);
    }));

  it("nothing of it is left in the task tree", async () => {
    const before = JSON.stringify(taskTree());
    await rejection(
      openNursery((nursery) => {
        nursery.startSoon(() => sleepForever());
        nursery.startSoon(() => Promise.reject(new Error("child")));
      }),
    );
    expect(JSON.stringify(taskTree())).toBe(before);
  });
});

describe("law 3: no error is lost", () => {
  it("one error is a group too, of the body or of a child", async () => {
    const error = new Error("the only one");
    for (const body of [
      () => Promise.reject(error),
      () => {
        throw error;
      },
      (nursery: Nursery) => void nursery.startSoon(() => Promise.reject(error)),
      (nursery: Nursery) =>
        void nursery.startSoon(() => {
          throw error;
        }),
    ]) {
      const group = (await rejection(openNursery(body))) as NurseryError;
      expect(group).toBeInstanceOf(NurseryError);
      expect(group).toBeInstanceOf(AggregateError);
      expect(group.errors).toEqual([error]);
      expect(group.errors[0]).toBe(error);
    }
  });

  it("the body's error comes first, then the children's in order of failure", () =>
    virtually(async () => {
      const group = (await rejection(
        openNursery(async (nursery) => {
          const failAfterCancellation = (name: string, ms: number) =>
            nursery.startSoon(async () => {
              try {
                await sleepForever();
              } finally {
                await new CancelScope({ shield: true }).run(() => sleep(ms));
                throw new Error(name);
              }
            });
          failAfterCancellation("second", 20);
          failAfterCancellation("third", 30);
          failAfterCancellation("first", 10);
          try {
            nursery.startSoon(async () => {
              throw new Error("cause of it all");
            });
            await sleepForever();
          } finally {
            await new CancelScope({ shield: true }).run(() => sleep(100));
            throw new Error("body");
          }
        }),
      )) as NurseryError;
      expect(group.errors.map((error: Error) => error.message)).toEqual([
        "body",
        "cause of it all",
        "first",
        "second",
        "third",
      ]);
    }));

  it("anything can be thrown: undefined, null, strings, objects without a prototype", async () => {
    for (const thrown of [undefined, null, "text", 0, Symbol("s"), Object.create(null), { toString: 5 }]) {
      const byChild = rejection(
        openNursery(
          (nursery) =>
            void nursery.startSoon(() => {
              throw thrown;
            }),
        ),
      );
      const byBody = rejection(
        openNursery(() => {
          throw thrown;
        }),
      );
      for (const group of (await Promise.all([byChild, byBody])) as NurseryError[]) {
        expect(group).toBeInstanceOf(NurseryError);
        expect(group.errors).toHaveLength(1);
        expect(group.errors[0]).toBe(thrown);
      }
    }
  });

  it("the group of a nested nursery stays a group in the group", async () => {
    const outer = (await rejection(
      openNursery((nursery) => {
        nursery.startSoon(() =>
          openNursery(
            () => {
              throw new Error("inner");
            },
            { name: "inner" },
          ),
        );
      }),
    )) as NurseryError;
    const [inner] = outer.errors as NurseryError[];
    expect(inner).toBeInstanceOf(NurseryError);
    expect(inner!.errors).toEqual([new Error("inner")]);
  });

  it("an AbortError of the user's own controller is an error, although the nursery has aborted its signal because of it", async () => {
    // It has no cause and is named AbortError, as much of the web makes them; and a signal of ours aborts meanwhile.
    const theirs = new DOMException("mine, not yours", "AbortError");
    for (const [fails, waits] of [
      ["child", "body"],
      ["child", "sibling"],
      ["body", "sibling"],
    ]) {
      const wait = async (): Promise<void> => {
        void currentSignal();
        await sleepForever();
      };
      const group = (await rejection(
        openNursery(async (nursery) => {
          if (waits === "sibling") nursery.startSoon(wait);
          await checkpoint();
          if (fails === "child") nursery.startSoon(() => Promise.reject(theirs));
          else {
            void currentSignal();
            throw theirs;
          }
          if (waits === "body") await wait();
        }),
      )) as NurseryError;
      expect(group).toBeInstanceOf(NurseryError);
      expect(group.errors).toEqual([theirs]);
    }
  });

  it("an error in the cleanup of a cancelled child is one", async () => {
    const group = (await rejection(
      openNursery((nursery) => {
        nursery.startSoon(async () => {
          try {
            await sleepForever();
          } finally {
            throw new Error("cleanup");
          }
        });
        nursery.cancelScope.cancel();
      }),
    )) as NurseryError;
    expect(group.errors).toEqual([new Error("cleanup")]);
  });

  it("a hundred failures are a hundred errors, in order", async () => {
    const group = (await rejection(
      openNursery((nursery) => {
        for (let i = 0; i < 100; i++)
          nursery.startSoon(() => {
            throw i;
          });
      }),
    )) as NurseryError;
    expect(group.errors).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it("no failure of a child is an unhandled rejection of its own", async () => {
    const unhandled = await unhandledDuring(async () => {
      await rejection(
        openNursery((nursery) => {
          for (let i = 0; i < 3; i++) nursery.startSoon(() => Promise.reject(new Error(String(i))));
        }),
      );
    });
    expect(unhandled).toEqual([]);
  });
});

describe("a failure cancels the rest", () => {
  it("of a child: its siblings and the body", () =>
    virtually(async () => {
      const cancelled: unknown[] = [];
      const error = new Error("child");
      const wait = async (): Promise<void> => {
        await sleepForever().catch((reason: unknown) => {
          cancelled.push((reason as Cancelled).reason);
          throw reason;
        });
      };
      await rejection(
        openNursery(
          async (nursery) => {
            nursery.startSoon(wait);
            nursery.startSoon(() => sleep(10).then(() => Promise.reject(error)));
            await wait();
          },
          { name: "n" },
        ),
      );
      expect(cancelled).toHaveLength(2);
      for (const reason of cancelled)
        expect(reason).toEqual({ source: "nursery", reason: error, scope: "n" });
      expect(currentTime()).toBe(10);
    }));

  it("of the body: the children", () =>
    virtually(async () => {
      let seen: unknown;
      const error = new Error("body");
      await rejection(
        openNursery(async (nursery) => {
          nursery.startSoon(() => sleepForever().catch((reason: unknown) => (seen = reason)));
          await sleep(10);
          throw error;
        }),
      );
      expect(seen).toMatchObject({ reason: { source: "nursery", reason: error } });
    }));

  it("and marks the nursery's own scope as cancelled, as in Trio", async () => {
    let scope: CancelScope | undefined;
    await rejection(
      openNursery((nursery) => {
        scope = nursery.cancelScope;
        nursery.startSoon(() => sleepForever());
        nursery.startSoon(() => Promise.reject(new Error("child")));
      }),
    );
    expect(scope).toMatchObject({ cancelCalled: true, cancelledCaught: true });
  });

  it("with nobody left to cancel, nothing was caught", async () => {
    let scope: CancelScope | undefined;
    await rejection(
      openNursery((nursery) => {
        scope = nursery.cancelScope;
        nursery.startSoon(() => Promise.reject(new Error("child")));
      }),
    );
    expect(scope).toMatchObject({ cancelCalled: true, cancelledCaught: false });
  });

  it("does not reach the nurseries around or beside it", () =>
    virtually(async () => {
      let survived = 0;
      await openNursery(async (outer) => {
        outer.startSoon(() => sleep(50).then(() => survived++));
        await rejection(
          openNursery((inner) => {
            inner.startSoon(() => sleepForever());
            inner.startSoon(() => Promise.reject(new Error("inner")));
          }),
        );
        await sleep(100);
        survived++;
      });
      expect(survived).toBe(2);
    }));
});

describe("cancellation of a nursery", () => {
  it("by its own scope: caught at its end, children and body are unwound, undefined is given", () =>
    virtually(async () => {
      const unwound: string[] = [];
      let scope: CancelScope | undefined;
      const value = await openNursery(async (nursery) => {
        scope = nursery.cancelScope;
        nursery.startSoon(() => sleepForever().finally(() => unwound.push("child")));
        nursery.startSoon(() => sleep(10).then(() => nursery.cancelScope.cancel("enough")));
        await sleepForever().finally(() => unwound.push("body"));
        return "never";
      });
      expect(value).toBeUndefined();
      expect(unwound.sort()).toEqual(["body", "child"]);
      expect(scope).toMatchObject({ cancelCalled: true, cancelledCaught: true });
    }));

  it("the body's value is given although the children were cancelled by cancelScope.cancel()", () =>
    virtually(async () => {
      const value = await openNursery(async (nursery) => {
        nursery.startSoon(() => sleepForever());
        await sleep(10);
        nursery.cancelScope.cancel();
        return "value";
      });
      expect(value).toBe("value");
    }));

  it("from outside leaves as one Cancelled, not as a group", async () => {
    const scope = new CancelScope();
    let raised: unknown;
    await scope.run(async () => {
      try {
        await openNursery(async (nursery) => {
          for (let i = 0; i < 3; i++) nursery.startSoon(() => sleepForever());
          await checkpoint();
          scope.cancel("outside");
          await sleepForever();
        });
      } catch (error) {
        raised = error;
        throw error;
      }
    });
    expect(raised).toBeInstanceOf(Cancelled);
    expect(raised).not.toBeInstanceOf(AggregateError);
    expect((raised as Cancelled).reason).toMatchObject({ source: "explicit", reason: "outside" });
    expect(scope.cancelledCaught).toBe(true);
  });

  it("from outside, with only a child to raise it, too", async () => {
    const scope = new CancelScope();
    let raised: unknown;
    await scope.run(() =>
      openNursery((nursery) => {
        nursery.startSoon(() => sleepForever());
        queueMicrotask(() => scope.cancel());
        return "value";
      }).catch((error: unknown) => {
        raised = error;
        throw error;
      }),
    );
    expect(isCancelled(raised)).toBe(true);
    expect(scope.cancelledCaught).toBe(true);
  });

  it("with errors and a cancellation from outside, the group holds the errors only", () =>
    virtually(async () => {
      const scope = new CancelScope({ timeout: 10 });
      const group = (await rejection(
        scope.run(() =>
          openNursery(async (nursery) => {
            nursery.startSoon(() => sleepForever());
            nursery.startSoon(() =>
              sleepForever().finally(() => {
                throw new Error("cleanup of a child");
              }),
            );
            await sleepForever();
          }),
        ),
      )) as NurseryError;
      expect(group).toBeInstanceOf(NurseryError);
      expect(group.errors).toEqual([new Error("cleanup of a child")]);
      expect(scope).toMatchObject({ cancelCalled: true, cancelledCaught: false });
    }));

  it("its exit is never itself the source of a Cancelled (law 4)", async () => {
    const scope = new CancelScope();
    const steps: unknown[] = [];
    await scope.run(async () => {
      scope.cancel();
      steps.push(await openNursery(() => "value"));
      steps.push(
        await openNursery((nursery) => {
          nursery.startSoon(() => "a child without a checkpoint");
          return "value";
        }),
      );
      await checkpoint();
      steps.push("never");
    });
    expect(steps).toEqual(["value", "value"]);
  });

  it("cancelled while its exit waits for children that need no cancellation: left normally", () =>
    virtually(async () => {
      const scope = new CancelScope({ timeout: 10 });
      const steps: unknown[] = [];
      await scope.run(async () => {
        steps.push(
          await openNursery((nursery) => {
            nursery.startSoon(() => new CancelScope({ shield: true }).run(() => sleep(100)));
            return "value";
          }),
        );
      });
      expect(steps).toEqual(["value"]);
      expect(currentTime()).toBe(100);
      expect(scope.cancelledCaught).toBe(false);
    }));

  it("a cancelled nursery: children begin all the same, up to their first checkpoint (DESIGN 4.5)", async () => {
    const steps: string[] = [];
    await openNursery((nursery) => {
      nursery.cancelScope.cancel();
      nursery.startSoon(async () => {
        steps.push("begun");
        await checkpoint();
        steps.push("never");
      });
    });
    expect(steps).toEqual(["begun"]);
  });

  it("its scope has a deadline and a shield that can be moved like any other", () =>
    virtually(async () => {
      await moveOnAfter(10, () =>
        openNursery((nursery) => {
          nursery.cancelScope.shield = true;
          nursery.cancelScope.deadline = 70;
          nursery.startSoon(() => sleepForever());
        }),
      );
      expect(currentTime()).toBe(70);
    }));

  it("one nested nursery can be cancelled and not the root", () =>
    virtually(async () => {
      const steps: string[] = [];
      await openNursery(async (root) => {
        root.startSoon(() => sleep(100).then(() => steps.push("a task of the root went on")));
        await openNursery((nested) => {
          nested.startSoon(() => sleepForever().finally(() => steps.push("a task of the nested one")));
          nested.startSoon(() => sleep(10).then(() => nested.cancelScope.cancel()));
        });
        steps.push("after the nested one");
        await sleep(1);
      });
      expect(steps).toEqual([
        "a task of the nested one",
        "after the nested one",
        "a task of the root went on",
      ]);
    }));

  it("the scopes that the body opened around startSoon do not reach the child", () =>
    virtually(async () => {
      let slept = false;
      await openNursery(async (nursery) => {
        await moveOnAfter(10, async () => {
          nursery.startSoon(() => sleep(50).then(() => (slept = true)));
          await sleepForever();
        });
      });
      expect(slept).toBe(true);
    }));

  it("after it was left, its scope does nothing more", async () => {
    let scope: CancelScope | undefined;
    await openNursery((nursery) => {
      scope = nursery.cancelScope;
    });
    scope!.cancel();
    expect(await rejection(scope!.run(() => 1))).toMatchObject({ name: "MisuseError" });
    await checkpoint();
  });

  it("the exit of a nursery gives others a turn", async () => {
    let stop = false;
    setTimeout(() => (stop = true), 1);
    while (!stop) await openNursery(() => undefined);
  });

  it("Cancelled ends the run of a program as an ordinary deadline would", () =>
    run(async () => {
      const value = await moveOnAfter(1, () =>
        openNursery(async (nursery) => {
          nursery.startSoon(() => sleepForever());
          await turns();
          return "the body has ended";
        }),
      );
      expect(value).toBeUndefined();
    }));
});
