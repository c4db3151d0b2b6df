import { BrokenResourceError, Cancelled, sleep } from "@espalier/core";
import { MockClock, randomFrom, runWith, SeededScheduler } from "@espalier/core/testing";
import { DeliveryFailedError, openRetryingChannel } from "@espalier/channel";
import { describe, expect, it } from "vitest";

import { retryingChannelBehavesAsTheModel } from "./support/retrying-model.ts";
import { joinAll, spawn } from "./support/task.ts";

describe("openRetryingChannel", () => {
  it("laws 5, 6, 8: behaves as the reference model, with clones, closings, cancellations and the passing of time", async () => {
    await retryingChannelBehavesAsTheModel((maxAttempts, backoff) => {
      const [send, receive] = openRetryingChannel<number>({ maxAttempts, backoff });
      return { send, receive, check: () => undefined };
    }, 300);
  });

  it("no loss: each item is processed, or its sender learns why not", async () => {
    for (let seed = 1; seed <= 120; seed++) {
      try {
        await factory(seed);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });
});

/** Producers that are cancelled now and then, receivers that fail, are cancelled, or die; in a random order of events. */
async function factory(seed: number): Promise<void> {
  const random = randomFrom(seed ^ 0xfac7);
  const chance = (share: number) => random() < share;
  const upTo = (n: number) => Math.floor(random() * n);
  const maxAttempts = [1, 2, 4, Infinity][upTo(4)]!;
  const [send, receive] = openRetryingChannel<number>({
    maxAttempts,
    backoff: chance(0.5) ? 0 : () => upTo(4),
  });
  const processed = new Map<number, number>();
  const failures = new Map<number, unknown[]>();
  const fates = new Map<number, unknown>();
  let nextItem = 0;

  async function handle(item: number): Promise<void> {
    await sleep(upTo(3));
    if (chance(0.3)) {
      const error = new Error(`item ${item}`);
      failures.set(item, [...(failures.get(item) ?? []), error]);
      throw error;
    }
    processed.set(item, (processed.get(item) ?? 0) + 1);
  }
  async function producer(): Promise<void> {
    using mine = send.clone();
    for (let i = 0; i < 6; i++) {
      const item = nextItem++;
      try {
        await mine.send(item);
        fates.set(item, "sent");
      } catch (error) {
        fates.set(item, error);
        if (error instanceof Cancelled) throw error;
      }
    }
  }

  await runWith(
    async () => {
      const producers = [1, 2, 3, 4].map(() => spawn(producer));
      const consumers = [1, 2, 3].map((each) => {
        const end = receive.clone();
        return spawn(async () => {
          using mine = end;
          if (each < 3) return await mine.process(handle);
          for await (const delivery of mine) {
            if (chance(0.1)) return; // dies, with the item in its hands
            await handle(delivery.value).then(
              () => delivery.ack(),
              (error: unknown) => (error instanceof Cancelled ? Promise.reject(error) : delivery.nack(error)),
            );
          }
        });
      });
      receive.close();
      await sleep(1);
      for (const task of [...producers, ...consumers]) {
        if (chance(0.3)) task.cancel();
        if (chance(0.3)) await sleep(upTo(5));
      }
      send.close();
      await joinAll(producers);
      await joinAll(consumers);
      for (const task of [...producers, ...consumers]) if (task.status === "failed") throw task.error;
      expect(send.statistics()).toMatchObject({
        tasksWaitingSend: 0,
        tasksWaitingReceive: 0,
        itemsInLine: 0,
        itemsHeld: 0,
        itemsResting: 0,
        openReceiveChannels: 0,
      });
    },
    { scheduler: new SeededScheduler(seed), clock: new MockClock({ autojumpThresholdMs: 0 }) },
  );

  for (let item = 0; item < nextItem; item++) {
    const fate = fates.get(item);
    const times = processed.get(item) ?? 0;
    if (fate === "sent") expect(times, `item ${item}`).toBeGreaterThanOrEqual(1);
    else if (fate instanceof DeliveryFailedError) {
      expect(fate.errors).toEqual(failures.get(item));
      expect(fate.errors.length).toBe(maxAttempts);
      expect(fate.unsent).toBe(item);
      expect(times).toBe(0);
    } else if (fate instanceof BrokenResourceError) expect(fate.unsent).toBe(item);
    else expect(fate, `item ${item} has no fate`).toBeInstanceOf(Cancelled);
  }
}
