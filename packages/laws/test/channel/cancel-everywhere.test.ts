import { EventEmitter } from "node:events";

import {
  fromEvents,
  openBroadcastChannel,
  openMemoryChannel,
  openRetryingChannel,
  openWatchChannel,
  receiveCase,
  select,
  sendCase,
  withProducer,
} from "@espalier/channel";
import { checkpoint, sleep } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { expect } from "vitest";

import { allCancelledEverywhere, type Program } from "../everywhere.ts";

/*
 * Laws 4 to 6 for each kind of channel: programs that are cancelled at every checkpoint in turn, on entry and while they wait.
 * Afterwards nobody may be in line, nothing may be open that the program closes, and no listener and no timer left.
 */

/** Nobody waits, on either side. */
function expectNobody(statistics: object): void {
  for (const [name, value] of Object.entries(statistics))
    if (name.startsWith("tasksWaiting")) expect({ [name]: value }).toEqual({ [name]: 0 });
}

const programs: Record<string, () => Program> = {
  "memory channels": () => {
    const [send, receive] = openMemoryChannel<number>(1);
    let sent = 0;
    let received = 0;
    return {
      main: () =>
        openNursery((nursery) => {
          for (let i = 0; i < 2; i++) {
            const [sending, receiving] = [send.clone(), receive.clone()];
            nursery.startSoon(async () => {
              using mine = sending;
              for (let item = 0; item < 3; item++) {
                await mine.send(item);
                sent++;
              }
            });
            nursery.startSoon(async () => {
              using mine = receiving;
              for await (const _ of mine) {
                received++;
                await checkpoint();
              }
            });
          }
          send.close();
          // The first end stays open, so that what is left can be counted.
        }),
      check: () => {
        const statistics = receive.statistics();
        expectNobody(statistics);
        expect(statistics).toMatchObject({ openSendChannels: 0, openReceiveChannels: 1 });
        expect(sent).toBe(received + statistics.currentBufferUsed);
      },
    };
  },

  select: () => {
    const [sendA, a] = openMemoryChannel<number>();
    const [sendB, b] = openMemoryChannel<number>();
    const sent: number[] = [];
    const received: number[] = [];
    return {
      main: () =>
        openNursery((nursery) => {
          nursery.startSoon(async () => {
            for (let i = 0; i < 4; i++) {
              await select([sendCase(sendA, i), sendCase(sendB, i)]);
              sent.push(i);
            }
          });
          nursery.startSoon(async () => {
            for (let i = 0; i < 4; i++) {
              received.push((await select([receiveCase(b), receiveCase(a)])).value);
              await sleep(1);
            }
          });
        }),
      check: () => {
        expectNobody(a.statistics());
        expectNobody(b.statistics());
        expect(received).toEqual(sent);
      },
    };
  },

  "a retrying channel": () => {
    const [send, receive] = openRetryingChannel<number>({ maxAttempts: 3, backoff: 5 });
    const processed = new Set<number>();
    const sent: number[] = [];
    return {
      main: () =>
        openNursery((nursery) => {
          for (let i = 0; i < 2; i++) {
            const end = receive.clone();
            nursery.startSoon(async () => {
              using mine = end;
              await mine.process(async (item, { attempt }) => {
                await sleep(1);
                if (item === 1 && attempt === 1) throw new Error("once");
                processed.add(item);
              });
            });
          }
          receive.close();
          nursery.startSoon(async () => {
            using mine = send;
            for (let item = 0; item < 3; item++) {
              await mine.send(item);
              sent.push(item);
            }
          });
        }),
      check: () => {
        expectNobody(send.statistics());
        expect(send.statistics()).toMatchObject({
          itemsInLine: 0,
          itemsHeld: 0,
          itemsResting: 0,
          openSendChannels: 0,
          openReceiveChannels: 0,
        });
        for (const item of sent) expect(processed).toContain(item);
      },
    };
  },

  "a broadcast channel": () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 1, overflow: "block" });
    return {
      main: () =>
        openNursery((nursery) => {
          for (let i = 0; i < 2; i++) {
            const subscription = subscribe();
            nursery.startSoon(async () => {
              using mine = subscription;
              for await (const _ of mine) await sleep(i);
            });
          }
          nursery.startSoon(async () => {
            using mine = send;
            for (let item = 0; item < 3; item++) await mine.send(item);
          });
        }),
      check: () => {
        expectNobody(send.statistics());
        expect(send.statistics()).toMatchObject({ openSendChannels: 0, subscribers: 0, itemsDropped: 0 });
      },
    };
  },

  "a watch channel": () => {
    const [send, receive] = openWatchChannel(0);
    return {
      main: () =>
        openNursery((nursery) => {
          nursery.startSoon(async () => {
            for await (const _ of receive) await checkpoint();
          });
          nursery.startSoon(async () => {
            using mine = send;
            for (let value = 1; value < 4; value++) {
              mine.set(value);
              await sleep(1);
            }
          });
        }),
      check: () => {
        expectNobody(receive.statistics());
        expect(receive.statistics()).toMatchObject({ openSendChannels: 0, tasksWaitingChanged: 0 });
      },
    };
  },

  events: () => {
    const emitter = new EventEmitter();
    return {
      main: () =>
        openNursery((nursery) => {
          nursery.startSoon(async () => {
            using events = fromEvents<number>(emitter, "tick", { capacity: 8, overflow: "error" });
            for await (const event of events) if (event === 3) break;
          });
          nursery.startSoon(async () => {
            for (let i = 1; i < 4; i++) {
              await sleep(1);
              emitter.emit("tick", i);
            }
          });
        }),
      check: () => {
        expect(emitter.eventNames()).toEqual([]);
      },
    };
  },

  withProducer: () => {
    let open = 0;
    return {
      main: () =>
        withProducer(
          async function* () {
            open++;
            try {
              for (let i = 0; ; i++) {
                await sleep(1);
                yield i;
              }
            } finally {
              open--;
            }
          },
          async (items) => {
            for await (const item of items) {
              await checkpoint();
              if (item === 2) break;
            }
          },
        ),
      check: () => {
        expect(open).toBe(0);
      },
    };
  },
};

allCancelledEverywhere(programs);
