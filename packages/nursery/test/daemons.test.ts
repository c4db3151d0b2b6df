import { CancelScope, moveOnAfter } from "@espalier/cancel-scope";
import { type Cancelled, checkpoint, currentTime, sleep, sleepForever } from "@espalier/core";
import { type Nursery, NurseryError, openNursery } from "@espalier/nursery";
import { rejection } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { virtually } from "./support/virtual.ts";

const daemon = { daemon: true };

describe("daemons", () => {
  it("are cancelled when all others and the body are done", () =>
    virtually(async () => {
      let reason: unknown;
      const value = await openNursery(
        async (nursery) => {
          nursery.startSoon(
            () =>
              sleepForever().catch((error: unknown) => {
                reason = (error as Cancelled).reason;
                throw error;
              }),
            daemon,
          );
          nursery.startSoon(() => sleep(30));
          await sleep(10);
          return "value";
        },
        { name: "n" },
      );
      expect(value).toBe("value");
      expect(currentTime()).toBe(30);
      expect(reason).toEqual({ source: "nursery", reason: "only daemons are left", scope: "n" });
    }));

  it("that is no cancellation of the nursery", () =>
    virtually(async () => {
      let scope: CancelScope | undefined;
      await openNursery((nursery) => {
        scope = nursery.cancelScope;
        nursery.startSoon(() => sleepForever(), daemon);
      });
      expect(scope).toMatchObject({ cancelCalled: false, cancelledCaught: false });
    }));

  it("are waited for, their cleanup too (law 2)", () =>
    virtually(async () => {
      const ended: string[] = [];
      await openNursery((nursery) => {
        nursery.startSoon(async () => {
          try {
            await sleepForever();
          } finally {
            await new CancelScope({ shield: true }).run(() => sleep(50));
            ended.push(`at ${currentTime()}`);
          }
        }, daemon);
      });
      expect(ended).toEqual(["at 50"]);
    }));

  it("go on while another worker lives, and may end by themselves", () =>
    virtually(async () => {
      let beats = 0;
      await openNursery((nursery) => {
        nursery.startSoon(async () => {
          for (;;) {
            await sleep(10);
            beats++;
          }
        }, daemon);
        nursery.startSoon(() => sleep(5), daemon);
        nursery.startSoon(() => sleep(95));
      });
      expect(beats).toBe(9);
    }));

  it("one that fails fails the nursery, before and after the others are done", () =>
    virtually(async () => {
      for (const fail of [() => sleep(5), () => sleepForever().catch(() => undefined)]) {
        const error = new Error("daemon");
        const group = (await rejection(
          openNursery((nursery) => {
            nursery.startSoon(() => fail().then(() => Promise.reject(error)), daemon);
            nursery.startSoon(() => sleep(10));
          }),
        )) as NurseryError;
        expect(group).toBeInstanceOf(NurseryError);
        expect(group.errors).toEqual([error]);
      }
    }));

  it("one that is added when only daemons are left is cancelled at once, yet begins", () =>
    virtually(async () => {
      const steps: string[] = [];
      await openNursery((nursery) => {
        nursery.startSoon(async () => {
          await sleepForever().catch(() => undefined);
          nursery.startSoon(async () => {
            steps.push("late daemon begun");
            await checkpoint().finally(() => steps.push("and cancelled"));
          }, daemon);
        }, daemon);
      });
      expect(steps).toEqual(["late daemon begun", "and cancelled"]);
    }));

  it("one that starts a worker while it is being cancelled keeps the nursery open for it", () =>
    virtually(async () => {
      const steps: string[] = [];
      await openNursery((nursery) => {
        nursery.startSoon(async () => {
          await sleepForever().catch(() => undefined);
          nursery.startSoon(() => sleep(40).then(() => steps.push(`worker ended at ${currentTime()}`)));
          nursery.startSoon(async () => {
            await sleepForever().finally(() => steps.push(`another daemon ended at ${currentTime()}`));
          }, daemon);
        }, daemon);
      });
      expect(steps).toEqual(["worker ended at 40", "another daemon ended at 40"]);
    }));

  it("one that swallows its cancellation and ends well is fine", () =>
    virtually(async () => {
      const value = await openNursery((nursery) => {
        nursery.startSoon(() => sleepForever().catch(() => "ended well"), daemon);
        return "value";
      });
      expect(value).toBe("value");
    }));

  it("are cancelled with the nursery like anybody else", () =>
    virtually(async () => {
      await moveOnAfter(10, () =>
        openNursery((nursery) => {
          nursery.startSoon(() => sleepForever(), daemon);
          nursery.startSoon(() => sleepForever());
        }),
      );
      expect(currentTime()).toBe(10);
    }));

  it("a nursery with nothing but daemons and a body that ended is left", () =>
    virtually(async () => {
      await openNursery((nursery) => {
        for (let i = 0; i < 10; i++) nursery.startSoon(() => sleepForever(), daemon);
      });
      expect(currentTime()).toBe(0);
    }));

  it("their tasks count as cancelled", () =>
    virtually(async () => {
      const tasks: { status: string }[] = [];
      await openNursery((nursery) => {
        tasks.push(nursery.startSoon(() => sleepForever(), daemon));
      });
      expect(tasks.map((task) => task.status)).toEqual(["cancelled"]);
    }));

  it("start(..., { daemon: true }): the pending child counts, the ready one serves", () =>
    virtually(async () => {
      const steps: string[] = [];
      await openNursery(async (around) => {
        let nursery: Nursery | undefined;
        around.startSoon(() => openNursery((given) => ((nursery = given), sleep(1))));
        around.startSoon(async () => {
          await nursery!.start<void>(async (started) => {
            await sleep(20);
            steps.push("pending: kept the nursery open");
            started();
            await sleepForever().finally(() => steps.push(`cancelled at ${currentTime()}`));
          }, daemon);
        });
      });
      expect(steps).toEqual(["pending: kept the nursery open", "cancelled at 20"]);
    }));

  it("a server as a daemon: clients talk to it, then it is gone", () =>
    virtually(async () => {
      const log: string[] = [];
      await openNursery(async (nursery) => {
        await nursery.start(async (started: (name: string) => void) => {
          started("server");
          await sleepForever().finally(() => log.push("server stopped"));
        }, daemon);
        for (const ms of [10, 20]) nursery.startSoon(() => sleep(ms).then(() => log.push(`client ${ms}`)));
      });
      expect(log).toEqual(["client 10", "client 20", "server stopped"]);
    }));
});
