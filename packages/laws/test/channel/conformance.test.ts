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
import { openNursery } from "@espalier/nursery";
import { assertCheckpoints, assertNoCheckpoints, checkChannel, runVirtual } from "@espalier/testing";
import { describe, expect, it } from "vitest";

describe("checkChannel", () => {
  it.each([0, 1, 2, 8, Infinity])(
    "finds nothing wrong with a memory channel of capacity %d",
    async (capacity) => {
      await checkChannel(() => openMemoryChannel(capacity));
    },
  );
});

describe("law 4: every async function is a checkpoint, whether or not it has to wait", () => {
  it("of memory channels and select", async () => {
    await runVirtual(async () => {
      const [send, receive] = openMemoryChannel<number>(8);
      await assertCheckpoints(() => send.send(1));
      await assertCheckpoints(() => select([sendCase(send, 2)]));
      await assertCheckpoints(() => receive.receive());
      await assertCheckpoints(() => select([receiveCase(receive)]));
      await openNursery(async (nursery) => {
        nursery.startSoon(() => assertCheckpoints(() => receive.receive()));
        nursery.startSoon(() => assertCheckpoints(() => select([receiveCase(receive)])));
        nursery.startSoon(() => assertCheckpoints(() => receive[Symbol.asyncIterator]().next()));
        nursery.startSoon(async () => {
          for (let i = 0; i < 3; i++) await send.send(i);
        });
      });
      send.close();
      await assertCheckpoints(() => receive[Symbol.asyncIterator]().next());
    });
  });

  it("of the other kinds", async () => {
    await runVirtual(async () => {
      const { send, subscribe } = openBroadcastChannel<number>({ capacity: 2, overflow: "dropOldest" });
      using subscriber = subscribe();
      await assertCheckpoints(() => send.send(1));
      await assertCheckpoints(() => subscriber.receive());

      const [setter, watcher] = openWatchChannel(0);
      setter.set(1);
      await assertCheckpoints(() => watcher.changed());

      const emitter = new EventEmitter();
      using events = fromEvents(emitter, "tick", { capacity: 1, overflow: "error" });
      emitter.emit("tick");
      await assertCheckpoints(() => events.receive());

      const [submit, jobs] = openRetryingChannel<number>();
      await openNursery(async (nursery) => {
        nursery.startSoon(() => assertCheckpoints(() => jobs.process(() => undefined)));
        await assertCheckpoints(() => submit.send(1));
        submit.close();
      });

      await withProducer(
        async function* () {
          yield 1;
        },
        (items) => assertCheckpoints(() => items.receive()),
      );
    });
  });

  it("and the synchronous ones are none", async () => {
    await runVirtual(async () => {
      await assertNoCheckpoints(() => {
        const [send, receive] = openMemoryChannel<number>(2);
        using clone = send.clone();
        clone.sendNowait(1);
        expect(receive.receiveNowait()).toBe(1);
        send.statistics();
        receive.close();
        const { send: broadcast, subscribe } = openBroadcastChannel<number>({
          capacity: 2,
          overflow: "block",
        });
        using subscriber = subscribe();
        broadcast.sendNowait(1);
        expect(subscriber.receiveNowait()).toBe(1);
        const [setter, watcher] = openWatchChannel(0);
        setter.set(1);
        expect(watcher.value).toBe(1);
      });
    });
  });
});
