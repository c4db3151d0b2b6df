import { Cancelled, EndOfChannel, sleep } from "@espalier/core";
import { MockClock, randomFrom, runWith, SeededScheduler } from "@espalier/core/testing";
import { openMemoryChannel, receiveCase, select, sendCase } from "@espalier/channel";
import { describe, expect, it } from "vitest";

import { spawn, type TestTask } from "./support/task.ts";

/** Senders and receivers that are cancelled at random moments, under a random order of events. */
async function upheaval(seed: number): Promise<void> {
  const random = randomFrom(seed ^ 0x5eed);
  const upTo = (n: number) => Math.floor(random() * n);
  const [send, receive] = openMemoryChannel<number>(upTo(3));
  const [sendOther, receiveOther] = openMemoryChannel<number>(upTo(2));
  const sent = new Set<number>();
  const received: number[] = [];
  let nextItem = 0;

  async function sender(): Promise<void> {
    for (let i = 0; i < 10; i++) {
      const item = nextItem++;
      if (upTo(3) === 0) await select([sendCase(send, item), sendCase(sendOther, item)]);
      else await (upTo(2) === 0 ? send : sendOther).send(item);
      sent.add(item); // the call has returned, so it was sent; whatever raised was not
    }
  }
  async function receiver(): Promise<void> {
    for (;;) {
      if (upTo(3) === 0)
        received.push((await select([receiveCase(receive), receiveCase(receiveOther)])).value);
      else if (upTo(2) === 0) received.push(await (upTo(2) === 0 ? receive : receiveOther).receive());
      else
        for await (const item of upTo(2) === 0 ? receive : receiveOther) {
          received.push(item);
          if (upTo(2) === 0) break;
        }
    }
  }

  await runWith(
    async () => {
      const tasks: TestTask<void>[] = [];
      for (let i = 0; i < 8; i++) {
        tasks.push(spawn(sender), spawn(receiver));
        if (i % 2 === 0) await sleep(1);
      }
      while (tasks.some((task) => !task.ended)) {
        tasks[upTo(tasks.length)]!.cancel();
        await sleep(upTo(2));
      }
      for (const task of tasks) await task.join();
      for (const task of tasks) if (task.status === "failed") throw task.error;
      expect(send.statistics()).toMatchObject({ tasksWaitingSend: 0, tasksWaitingReceive: 0 });
      expect(sendOther.statistics()).toMatchObject({ tasksWaitingSend: 0, tasksWaitingReceive: 0 });
      send.close();
      sendOther.close();
      for (const rest of [receive, receiveOther]) for await (const item of rest) received.push(item);
    },
    { scheduler: new SeededScheduler(seed), clock: new MockClock({ autojumpThresholdMs: 0 }) },
  );
  expect(received.length, "an item was received twice").toBe(new Set(received).size);
  expect(
    [...received].sort((a, b) => a - b),
    "an item was lost, or came from nowhere",
  ).toEqual([...sent].sort((a, b) => a - b));
}

describe("memory channels", () => {
  it("laws 5 and 6: random cancellation of senders and receivers loses no item and doubles none", async () => {
    for (let seed = 1; seed <= 150; seed++) {
      try {
        await upheaval(seed);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });

  it("law 6: an item is never delivered to a receiver that was told Cancelled", async () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = randomFrom(seed);
      const [send, receive] = openMemoryChannel<number>();
      const outcomes: unknown[] = [];
      await runWith(
        async () => {
          const receivers = Array.from({ length: 5 }, () =>
            spawn(() =>
              receive.receive().then(
                (item) => outcomes.push(item),
                (error: unknown) => {
                  if (!(error instanceof Cancelled || error instanceof EndOfChannel)) throw error;
                },
              ),
            ),
          );
          const sender = spawn(async () => {
            for (let i = 0; i < 3; i++) await send.send(i);
          });
          await sleep(1);
          for (const each of receivers) if (random() < 0.5) each.cancel();
          await sleep(1);
          sender.cancel();
          await sender.join();
          send.close();
          for (const each of receivers) await each.join();
        },
        { scheduler: new SeededScheduler(seed), clock: new MockClock({ autojumpThresholdMs: 0 }) },
      );
      expect(outcomes.sort(), `seed ${seed}`).toEqual([0, 1, 2]);
    }
  });
});
