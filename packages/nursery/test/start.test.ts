import { CancelScope, currentSignal, moveOnAfter } from "@espalier/cancel-scope";
import {
  Cancelled,
  checkpoint,
  currentEffectiveDeadline,
  currentTask,
  currentTime,
  MisuseError,
  sleep,
  sleepForever,
  taskTree,
} from "@espalier/core";
import { type Nursery, NurseryError, openNursery, TaskCancelledError } from "@espalier/nursery";
import { expectError, rejection, turns, unhandledDuring } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { virtually } from "./support/virtual.ts";

type Started<S> = (value: S) => void;

describe("Nursery.start", () => {
  it("waits until the child is ready and gives what started() was given; the child goes on", () =>
    virtually(async () => {
      const steps: string[] = [];
      await openNursery(async (nursery) => {
        const port = await nursery.start(async (started: Started<number>) => {
          await sleep(10);
          started(8080);
          await sleep(100);
          steps.push(`child ended at ${currentTime()}`);
        });
        steps.push(`${port} at ${currentTime()}`);
        expect(nursery.tasks.size).toBe(1);
      });
      expect(steps).toEqual(["8080 at 10", "child ended at 110"]);
    }));

  it("without a value gives undefined; any value goes", async () => {
    await openNursery(async (nursery) => {
      expect(await nursery.start<void>(async (started) => started())).toBeUndefined();
      for (const value of [null, false, 0, "", undefined, new Error("a value")])
        expect(await nursery.start<unknown>(async (started) => started(value))).toBe(value);
    });
  });

  it("never runs any of the child before it gives control back", async () => {
    await openNursery(async (nursery) => {
      let ran = false;
      const ready = nursery.start<void>(async (started) => {
        ran = true;
        started();
      });
      expect(ran).toBe(false);
      await ready;
      expect(ran).toBe(true);
    });
  });

  it("lets others start meanwhile", () =>
    virtually(async () => {
      await openNursery(async (nursery) => {
        const service = (ms: number) => async (started: Started<number>) => {
          await sleep(ms);
          started(ms);
        };
        const order: number[] = [];
        await Promise.all(
          [30, 10, 20].map((ms) => nursery.start(service(ms)).then((ready) => order.push(ready))),
        );
        expect(order).toEqual([10, 20, 30]);
        expect(currentTime()).toBe(30);
      });
    }));

  it("names the child, and shows it under its caller until it is ready, then under the nursery", async () => {
    await openNursery(
      async (nursery) => {
        await openNursery(
          async (calling) => {
            async function server(started: Started<void>): Promise<void> {
              await turns();
              expect(currentTask()?.name).toBe("server");
              expect(parentOf("server")).toBe("start's caller");
              started();
              expect(parentOf("server")).toBe("start's nursery");
              calling.cancelScope.cancel();
            }
            calling.startSoon(() => nursery.start(server).then(() => checkpoint()), {
              name: "start's caller",
            });
          },
          { name: "calls" },
        );
      },
      { name: "start's nursery" },
    );
    function parentOf(name: string): string | undefined {
      const search = (nodes: ReturnType<typeof taskTree>): string | undefined => {
        for (const node of nodes) {
          if (node.children.some((child) => child.name === name)) return node.name;
          const found = search([...node.children]);
          if (found !== undefined) return found;
        }
        return undefined;
      };
      return search(taskTree());
    }
  });

  describe("before the child is ready", () => {
    it.each<[string, () => unknown]>([
      [
        "asynchronous",
        () =>
          checkpoint().then(() => {
            throw new Error("bind: EADDRINUSE");
          }),
      ],
      [
        "synchronous",
        () => {
          throw new Error("bind: EADDRINUSE");
        },
      ],
    ])("its error comes out of start, unwrapped, and is not the nursery's: %s", async (_how, fail) => {
      let caught: unknown;
      const value = await openNursery(async (nursery) => {
        caught = await rejection(nursery.start(fail as () => Promise<unknown>));
        await checkpoint();
        return "the nursery is none the worse";
      });
      expect(caught).toEqual(new Error("bind: EADDRINUSE"));
      expect(value).toBe("the nursery is none the worse");
    });

    it("its error can be undefined, too", async () => {
      await openNursery(async (nursery) => {
        let raised = "nothing";
        await nursery
          .start(() => Promise.reject(undefined))
          .catch((error: unknown) => (raised = String(error)));
        expect(raised).toBe("undefined");
      });
    });

    it("ending without started() is a MisuseError with the remedy (law 13)", async () => {
      await openNursery(async (nursery) => {
        expectError(
          await rejection(nursery.start(async () => "value", { name: "forgetful" })),
          MisuseError,
          /"forgetful" ended without calling started\(\); use startSoon/,
        );
      });
    });

    it("cancelling the caller cancels the child, which is waited for", () =>
      virtually(async () => {
        const steps: string[] = [];
        await openNursery(async (nursery) => {
          await moveOnAfter(10, () =>
            nursery.start<void>(async () => {
              try {
                await sleepForever();
              } finally {
                await new CancelScope({ shield: true }).run(() => sleep(50));
                steps.push(`child ended at ${currentTime()}`);
              }
            }),
          );
          steps.push(`start ended at ${currentTime()}`);
          await checkpoint();
        });
        expect(steps).toEqual(["child ended at 60", "start ended at 60"]);
      }));

    it("the child sees the caller's scopes, not the nursery's", () =>
      virtually(async () => {
        await openNursery(async (nursery) => {
          nursery.cancelScope.deadline = 1000;
          await new CancelScope({ deadline: 100, shield: true }).run(async () => {
            await nursery.start<void>(async (started) => {
              expect(currentEffectiveDeadline()).toBe(100);
              started();
              expect(currentEffectiveDeadline()).toBe(1000);
            });
          });
        });
      }));

    it("cancelling the target nursery does not touch the child until it calls started()", () =>
      virtually(async () => {
        const steps: string[] = [];
        await new CancelScope().run(async () => {
          let target: Nursery | undefined;
          let open: () => void = () => undefined;
          const gate = new Promise<void>((resolve) => (open = resolve));
          await openNursery(async (around) => {
            around.startSoon(() =>
              openNursery(async (nursery) => {
                target = nursery;
                open();
                await sleepForever();
              }),
            );
            await gate;
            const value = await target!.start(async (started: Started<string>) => {
              target!.cancelScope.cancel();
              await sleep(10);
              steps.push("untouched");
              started("value");
              steps.push("started() itself is no checkpoint");
              await checkpoint();
              steps.push("never");
            });
            steps.push(`start gives the ${value}`);
            await sleep(1);
            steps.push("its caller was never cancelled");
          });
        });
        expect(steps).toEqual([
          "untouched",
          "started() itself is no checkpoint",
          "start gives the value",
          "its caller was never cancelled",
        ]);
      }));

    it("keeps the nursery open", () =>
      virtually(async () => {
        let target: Nursery | undefined;
        const ends: string[] = [];
        await openNursery(async (around) => {
          around.startSoon(() =>
            openNursery((nursery) => {
              target = nursery;
              return sleep(1); // the body ends long before the child is ready
            }).then(() => ends.push(`nursery left at ${currentTime()}`)),
          );
          around.startSoon(async () => {
            await target!.start<void>(async (started) => {
              await sleep(50);
              started();
              await sleep(50);
            });
            ends.push(`started at ${currentTime()}`);
          });
        });
        expect(ends).toEqual(["started at 50", "nursery left at 100"]);
      }));

    it("and no longer, when it fails", () =>
      virtually(async () => {
        let target: Nursery | undefined;
        const ends: string[] = [];
        await openNursery(async (around) => {
          around.startSoon(() =>
            openNursery((nursery) => ((target = nursery), sleep(1))).then(() =>
              ends.push(`nursery left at ${currentTime()}`),
            ),
          );
          around.startSoon(async () => {
            await rejection(target!.start(() => sleep(50).then(() => Promise.reject(new Error("no")))));
          });
        });
        expect(ends).toEqual(["nursery left at 50"]);
      }));

    it("is not among the nursery's tasks", async () => {
      await openNursery(async (nursery) => {
        await nursery.start<void>(async (started) => {
          expect(nursery.tasks.size).toBe(0);
          started();
          expect([...nursery.tasks]).toEqual([currentTask()]);
        });
      });
    });

    it("the child cancelled alone: TaskCancelledError, since nobody else was", async () => {
      await openNursery(async (nursery) => {
        const error = await rejection(
          nursery.start(
            async () => {
              currentTask()!.cancel();
              await checkpoint();
            },
            { name: "gave up" },
          ),
        );
        expectError(error, TaskCancelledError, /"gave up" was cancelled before it called started\(\)/);
        await checkpoint();
      });
    });

    it("a start left behind by its caller: the child is cancelled with the caller's scope, and waited for (laws 2 and 7)", () =>
      virtually(async () => {
        const steps: string[] = [];
        const unhandled = await unhandledDuring(() =>
          openNursery(async (nursery) => {
            await new CancelScope({ name: "left" }).run(() => {
              nursery
                .start(() =>
                  sleepForever().catch((error: unknown) => {
                    steps.push((error as Cancelled).reason.source);
                    throw error;
                  }),
                )
                .catch(() => steps.push("start raised"));
              return turns();
            });
            steps.push("body ended");
          }).then(() => steps.push("nursery left")),
        );
        // when the child hears of it, before or after the body goes on, is not promised
        expect(steps).toContain("body ended");
        expect(steps.filter((step) => step !== "body ended")).toEqual([
          "scope-closed",
          "start raised",
          "nursery left",
        ]);
        expect(unhandled).toEqual([]);
      }));

    it("a scope of the caller that the deadline ended does not reach a child that was ready in time", () =>
      virtually(async () => {
        const steps: string[] = [];
        await openNursery(async (nursery) => {
          await moveOnAfter(10, async () => {
            await nursery.start<void>(async (started) => {
              started();
              await sleep(50);
              steps.push("the child lives");
            });
            await sleepForever();
          });
        });
        expect(steps).toEqual(["the child lives"]);
      }));
  });

  describe("started()", () => {
    it("a second time is a MisuseError in the child (law 13)", async () => {
      const group = await rejection(
        openNursery(async (nursery) => {
          await nursery.start<number>(
            async (started) => {
              started(1);
              await checkpoint();
              started(2);
            },
            { name: "eager" },
          );
        }),
      );
      const [error] = (group as NurseryError).errors as Error[];
      expectError(error, MisuseError, /started\(\) of the task "eager" was called a second time/);
    });

    it("a second time, caught by the child, changes nothing", async () => {
      await openNursery(async (nursery) => {
        const value = await nursery.start<number>(async (started) => {
          started(1);
          try {
            started(2);
          } catch {
            // goes on
          }
        });
        expect(value).toBe(1);
      });
    });

    it("after the task has ended is a MisuseError for whoever calls", async () => {
      await openNursery(async (nursery) => {
        let late: Started<number> = () => undefined;
        await rejection(nursery.start<number>(async (started) => void (late = started)));
        let error: unknown;
        try {
          late(1);
        } catch (caught) {
          error = caught;
        }
        expectError(
          error,
          MisuseError,
          /was called after the task had ended; call it once, when the task is ready/,
        );
      });
    });

    it("may be called from a callback, outside the child's context", () =>
      virtually(async () => {
        await openNursery(async (nursery) => {
          const value = await nursery.start(async (started: Started<string>) => {
            await new Promise<void>((resolve) => {
              setTimeout(() => {
                started("from a timer");
                resolve();
              }, 1);
            });
            await checkpoint();
          });
          expect(value).toBe("from a timer");
        });
      }));

    it("in a cancelled caller does not move the child; if it then ends well, start gives the value", () =>
      virtually(async () => {
        const steps: unknown[] = [];
        await openNursery(async (nursery) => {
          const scope = new CancelScope();
          await scope.run(async () => {
            const value = await nursery.start(async (started: Started<string>) => {
              scope.cancel();
              started("value");
              expect(nursery.tasks.size).toBe(0);
              expect(currentSignal().aborted).toBe(true);
              await checkpoint().catch(() => steps.push("the child is cancelled still"));
            });
            steps.push(value);
            await checkpoint();
            steps.push("never");
          });
          expect(scope.cancelledCaught).toBe(true);
        });
        expect(steps).toEqual(["the child is cancelled still", "value"]);
      }));

    it("in a cancelled caller, and then the child raises: start raises that", () =>
      virtually(async () => {
        const error = new Error("cleanup");
        for (const end of [() => checkpoint(), () => Promise.reject(error)]) {
          let raised: unknown;
          await openNursery(async (nursery) => {
            const scope = new CancelScope();
            const outcome = scope.run(async () => {
              raised = await rejection(
                nursery.start<void>(async (started) => {
                  scope.cancel();
                  started();
                  await end();
                }),
              );
            });
            await outcome;
          });
          if (raised !== error) expect(raised).toBeInstanceOf(Cancelled);
        }
      }));

    it("delivered beats cancelled: cancelled after started(), start gives the value (law 6)", async () => {
      await openNursery(async (nursery) => {
        const scope = new CancelScope();
        let got: unknown;
        let childWentOn = false;
        await scope.run(async () => {
          got = await nursery.start(async (started: Started<string>) => {
            started("value");
            scope.cancel();
            await checkpoint(); // no longer under that scope
            childWentOn = true;
          });
        });
        expect(got).toBe("value");
        expect(childWentOn).toBe(true);
      });
    });
  });

  describe("once it is ready", () => {
    it("an error of the child is the nursery's", async () => {
      const error = new Error("later");
      const group = (await rejection(
        openNursery(async (nursery) => {
          await nursery.start<void>(async (started) => {
            started();
            await checkpoint();
            throw error;
          });
          await sleepForever();
        }),
      )) as NurseryError;
      expect(group).toBeInstanceOf(NurseryError);
      expect(group.errors).toEqual([error]);
    });

    it("the child's inner scopes and tasks move along", () =>
      virtually(async () => {
        const seen: string[] = [];
        await openNursery(async (target) => {
          const calling = new CancelScope();
          await calling.run(() =>
            target.start<void>((started) =>
              moveOnAfter(1000, () =>
                openNursery(async (inner) => {
                  inner.startSoon(async () => {
                    await sleepForever().finally(() => seen.push(`inner task ended at ${currentTime()}`));
                  });
                  await sleep(10);
                  started();
                  calling.cancel(); // reaches nobody any more
                  await sleep(40);
                  seen.push("still there");
                  target.cancelScope.cancel(); // reaches all of them
                  await sleepForever();
                }),
              ),
            ),
          );
          await sleepForever();
        });
        expect(seen).toEqual(["still there", "inner task ended at 50"]);
      }));

    it("a wait of the child that the move into a cancelled nursery finds parked is aborted at once", () =>
      virtually(async () => {
        let endedAt = -1;
        await openNursery(async (around) => {
          let target: Nursery | undefined;
          around.startSoon(() =>
            openNursery(async (nursery) => {
              target = nursery;
              await sleepForever();
            }),
          );
          await sleep(1);
          await target!.start<void>(async (started) => {
            const parked = sleepForever().catch(() => (endedAt = currentTime()));
            target!.cancelScope.cancel();
            await sleep(20);
            started();
            await parked;
          });
        });
        expect(endedAt).toBe(21);
      }));

    it("the child is a task like others: join, cancel, its value", async () => {
      await openNursery(async (nursery) => {
        await nursery.start<void>(async (started) => {
          started();
          await turns();
          return "value";
        });
        const [child] = nursery.tasks;
        expect(await child!.join()).toBe("value");
      });
    });
  });

  it("refuses what is no function, as a rejection (laws 4 and 13)", async () => {
    await openNursery(async (nursery) => {
      expectError(
        await rejection(nursery.start(checkpoint() as never)),
        TypeError,
        /^start: you passed a promise; pass the function/,
      );
    });
  });

  it("in a cancelled caller the child still runs to its first checkpoint", async () => {
    const steps: string[] = [];
    await openNursery(async (nursery) => {
      const scope = new CancelScope();
      await scope.run(async () => {
        scope.cancel();
        await nursery.start(async () => {
          steps.push("begun");
          await checkpoint();
          steps.push("never");
        });
        steps.push("never");
      });
      expect(scope.cancelledCaught).toBe(true);
    });
    expect(steps).toEqual(["begun"]);
  });
});
