import { failAfter, moveOnAfter, shielded, TooSlowError } from "@espalier/cancel-scope";
import {
  DeliveryFailedError,
  openMemoryChannel,
  openRetryingChannel,
  openWatchChannel,
  type ProducerSendChannel,
  receiveCase,
  select,
  sendCase,
  withProducer,
} from "@espalier/channel";
import { BrokenResourceError, ClosedResourceError, currentTime, DeadlockError, sleep } from "@espalier/core";
import { flattenErrors, NurseryError, openNursery, unwrapSingle } from "@espalier/nursery";
import { exploreSchedules, runVirtual } from "@espalier/testing";
import { describe, expect, it } from "vitest";

/** What a promise rejects with. */
const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => {
      throw new Error(`expected a rejection, got ${String(value)}`);
    },
    (error: unknown) => error,
  );

describe("channels with scopes and nurseries", () => {
  it("law 5: a time limit on a receive that was too late takes no item; the next receive gets it", async () => {
    await runVirtual(async () => {
      const [send, receive] = openMemoryChannel<string>();
      await openNursery(async (nursery) => {
        nursery.startSoon(async () => {
          await sleep(100);
          await send.send("late");
        });
        expect(await moveOnAfter(50, () => receive.receive())).toBeUndefined();
        expect(await rejection(failAfter(10, () => receive.receive()))).toBeInstanceOf(TooSlowError);
        expect(await receive.receive()).toBe("late");
        expect(currentTime()).toBe(100);
      });
    });
  });

  it("law 5: a time limit on a send takes the item back", async () => {
    await runVirtual(async () => {
      const [send, receive] = openMemoryChannel<string>();
      await moveOnAfter(10, () => send.send("too late"));
      expect(send.statistics().tasksWaitingSend).toBe(0);
      await openNursery(async (nursery) => {
        nursery.startSoon(() => send.send("in time"));
        expect(await receive.receive()).toBe("in time");
      });
    });
  });

  it("law 1: a select in a cleanup raises each time, and works inside a shield", async () => {
    await runVirtual(async () => {
      const [send, receive] = openMemoryChannel<string>(1);
      const log: unknown[] = [];
      await moveOnAfter(10, async () => {
        try {
          await receive.receive();
        } finally {
          for (let i = 0; i < 2; i++)
            log.push(((await rejection(select([sendCase(send, "goodbye")]))) as Error).name);
          await shielded(() => select([sendCase(send, "goodbye")]), { graceMs: 100 });
        }
      });
      expect(log).toEqual(["Cancelled", "Cancelled"]);
      expect(receive.receiveNowait()).toBe("goodbye");
    });
  });

  it("law 6: in every order of events an item is taken by a receiver that keeps it, or by none", async () => {
    await exploreSchedules(
      async () => {
        const [send, receive] = openMemoryChannel<number>();
        const [sendOther, other] = openMemoryChannel<number>();
        const sent: number[] = [];
        const received: number[] = [];
        await openNursery(async (nursery) => {
          const tasks = [1, 2, 3].map((i) =>
            nursery.startSoon(async () => {
              if (i === 1) received.push(await receive.receive());
              else received.push((await select([receiveCase(other), receiveCase(receive)])).value);
            }),
          );
          for (let i = 0; i < 3; i++) {
            nursery.startSoon(async () => {
              await select([sendCase(send, i), sendCase(sendOther, i)]);
              sent.push(i);
            });
          }
          await sleep(0);
          tasks[1]!.cancel();
          await sleep(1);
          nursery.cancelScope.cancel();
        });
        expect(received.sort()).toEqual(sent.sort());
      },
      { runs: 200 },
    );
  });

  it("law 7: a receive that was left behind takes no item after its scope was left", async () => {
    await runVirtual(async () => {
      const [send, receive] = openMemoryChannel<string>();
      let floating!: Promise<string>;
      await moveOnAfter(10, () => {
        floating = receive.receive();
        floating.catch(() => undefined);
      });
      expect(receive.statistics().tasksWaitingReceive).toBe(0);
      expect(((await rejection(floating)) as Error).name).toBe("Cancelled");
      await moveOnAfter(10, () => send.send("kept"));
      expect(send.statistics().tasksWaitingSend).toBe(0);
    });
  });

  it("a nursery of consumers: an error of one cancels the others, and the producer", async () => {
    await runVirtual(async () => {
      const [send, receive] = openMemoryChannel<number>();
      const failure = new Error("item 3");
      const error = await rejection(
        openNursery((nursery) => {
          for (let i = 0; i < 3; i++)
            nursery.startSoon(async () => {
              for await (const item of receive) if (item === 3) throw failure;
            });
          nursery.startSoon(async () => {
            for (let i = 0; ; i++) await send.send(i);
          });
        }),
      );
      expect(error).toBeInstanceOf(NurseryError);
      expect(unwrapSingle(error)).toBe(failure);
      expect(send.statistics()).toMatchObject({ tasksWaitingSend: 0, tasksWaitingReceive: 0 });
    });
  });

  it("a producer that nobody will ever serve is a deadlock, at once, with the tree", async () => {
    const error = await rejection(
      runVirtual(async () => {
        const [send] = openMemoryChannel<number>();
        await send.send(1);
      }),
    );
    expect(error).toBeInstanceOf(DeadlockError);
    expect((error as Error).message).toContain("waiting for channel.send");
  });

  it("closing an end is seen by a task that waits in it, in every order of events", async () => {
    await exploreSchedules(async () => {
      const [send, receive] = openMemoryChannel<number>();
      await openNursery((nursery) => {
        nursery.startSoon(async () => {
          expect(await rejection(receive.receive())).toBeInstanceOf(ClosedResourceError);
        });
        nursery.startSoon(async () => {
          await sleep(1);
          receive.close();
          expect(await rejection(send.send(1))).toBeInstanceOf(BrokenResourceError);
        });
      });
    });
  });
});

describe("the retrying channel with scopes and nurseries", () => {
  it("no item is lost with the consumers that die: the essay's last problem, in every order of events", async () => {
    await exploreSchedules(
      async () => {
        const [send, receive] = openRetryingChannel<number>();
        const processed: number[] = [];
        await openNursery((nursery) => {
          for (let i = 0; i < 5; i++) {
            const end = receive.clone();
            nursery.startSoon(async () => {
              using mine = end;
              let left = i < 3 ? 2 : Infinity;
              for await (const delivery of mine) {
                await sleep(1);
                if (left-- === 0) return; // dies with the item in its hands
                processed.push(delivery.value);
                delivery.ack();
              }
            });
          }
          receive.close();
          nursery.startSoon(async () => {
            using mine = send;
            for (let item = 0; item < 20; item++) {
              await mine.send(item);
              expect(processed).toContain(item);
            }
          });
        });
        expect([...processed].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
      },
      { runs: 50 },
    );
  });

  it("a sender's time limit ends its wait; the receiver learns of it from ack()", async () => {
    await runVirtual(async () => {
      const [send, receive] = openRetryingChannel<string>();
      await openNursery(async (nursery) => {
        nursery.startSoon(async () => {
          const delivery = await receive.receive();
          await sleep(100);
          expect(delivery.ack()).toBe(false);
        });
        expect(await moveOnAfter(10, () => send.send("slow").then(() => "done"))).toBeUndefined();
        expect(currentTime()).toBe(10);
      });
    });
  });

  it("a handler with a time limit of its own fails the attempt, and the next one may do better", async () => {
    await runVirtual(async () => {
      const [send, receive] = openRetryingChannel<string>({ maxAttempts: 2, backoff: 50 });
      await openNursery(async (nursery) => {
        nursery.startSoon(() =>
          receive.process((_, { attempt }) => failAfter(10, () => sleep(attempt === 1 ? 1000 : 5))),
        );
        await send.send("a");
        expect(currentTime()).toBe(10 + 50 + 5);
        send.close();
      });
    });
  });

  it("cancelling a consumer's task gives its item to another one, and the cleanup of the handler runs", async () => {
    await runVirtual(async () => {
      const [send, receive] = openRetryingChannel<string>({ maxAttempts: 1 });
      const log: string[] = [];
      await openNursery(async (nursery) => {
        const consume = (name: string, ms: number) =>
          nursery.startSoon(() =>
            receive.process(async (_, { attempt }) => {
              try {
                await sleep(ms);
                log.push(`${name} has done it, attempt ${attempt}`);
              } finally {
                log.push(`${name} is out`);
              }
            }),
          );
        const slow = consume("slow", 1000);
        nursery.startSoon(async () => {
          await send.send("a");
          send.close();
        });
        await sleep(10);
        slow.cancel();
        consume("quick", 5);
      });
      expect(log).toEqual(["slow is out", "quick has done it, attempt 1", "quick is out"]);
    });
  });

  it("law 3: DeliveryFailedError reaches the nursery of the sender with the errors of every attempt", async () => {
    await runVirtual(async () => {
      const [send, receive] = openRetryingChannel<string>({ maxAttempts: 2, backoff: 1 });
      const error = await rejection(
        openNursery((nursery) => {
          nursery.startSoon(() =>
            receive.process((_, { attempt }) => {
              throw new Error(`attempt ${attempt}`);
            }),
          );
          nursery.startSoon(() => send.send("poison"));
        }),
      );
      const [failed] = (error as NurseryError).errors as [DeliveryFailedError];
      expect(failed).toBeInstanceOf(DeliveryFailedError);
      expect(failed.unsent).toBe("poison");
      expect(flattenErrors(error).map((each) => (each as Error).message)).toEqual(["attempt 1", "attempt 2"]);
    });
  });
});

describe("withProducer with scopes and nurseries", () => {
  it("the producer may be a nursery, which a generator cannot hold open across a yield", async () => {
    await runVirtual(async () => {
      const merged = await withProducer(
        async (send: ProducerSendChannel<string>) => {
          await openNursery((nursery) => {
            for (const [name, ms] of [
              ["slow", 10],
              ["quick", 4],
            ] as const)
              nursery.startSoon(async () => {
                for (let i = 1; i <= 2; i++) {
                  await sleep(ms);
                  await send.send(`${name} ${i}`);
                }
              });
          });
        },
        async (items) => {
          const seen: string[] = [];
          for await (const item of items) seen.push(item);
          return seen;
        },
      );
      expect(merged).toEqual(["quick 1", "quick 2", "slow 1", "slow 2"]);
    });
  });

  it("a time limit around the block ends both", async () => {
    await runVirtual(async () => {
      let closed = false;
      const outcome = await moveOnAfter(10, () =>
        withProducer(
          async function* () {
            try {
              for (;;) {
                await sleep(4);
                yield 1;
              }
            } finally {
              closed = true;
            }
          },
          async (items) => {
            for await (const _ of items);
          },
        ),
      );
      expect(outcome).toBeUndefined();
      expect(closed).toBe(true);
      expect(currentTime()).toBe(10);
    });
  });

  it("the errors of both in one group can be told apart by the nursery around", async () => {
    const error = await rejection(
      runVirtual(() =>
        openNursery((nursery) => {
          nursery.startSoon(() =>
            withProducer(
              async function* () {
                try {
                  yield 1;
                } finally {
                  throw new Error("producer");
                }
              },
              async (items) => {
                await items.receive();
                throw new Error("consumer");
              },
            ),
          );
        }),
      ),
    );
    expect(flattenErrors(error).map((each) => (each as Error).message)).toEqual(["consumer", "producer"]);
  });
});

describe("the watch channel with scopes and nurseries", () => {
  it("in every order of events, who waits for changes sees the last one", async () => {
    await exploreSchedules(async () => {
      const [send, receive] = openWatchChannel(0);
      const last: number[] = [];
      await openNursery((nursery) => {
        for (let i = 0; i < 3; i++) {
          const end = receive.clone();
          nursery.startSoon(async () => {
            let latest = 0;
            for await (const value of end) latest = value;
            last.push(latest);
          });
        }
        nursery.startSoon(async () => {
          for (let value = 1; value <= 5; value++) {
            send.set(value);
            if (value % 2 === 0) await sleep(0);
          }
          send.close();
        });
      });
      expect(last).toEqual([5, 5, 5]);
    });
  });
});
