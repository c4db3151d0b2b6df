import {
  DeliveryFailedError,
  openRetryingChannel,
  type RetryingReceiveChannel,
  type RetryingSendChannel,
} from "@espalier/channel";
import { sleep } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { setTimeout } from "node:timers/promises";
import { Desks } from "../props/desks.ts";
import { Queue } from "../props/queue.ts";
import type { Log, Stop } from "../stop.ts";
import { settlesWithin } from "../watch.ts";

export const consumerFails: Stop = {
  file: "08-consumer-fails",
  title: "The item whose consumer fails",
  claim:
    "A queue is done with an item when somebody has taken it: if that one fails, the item is lost, and where the producer " +
    "waits for an acknowledgement it waits for ever. A retrying channel of Espalier hands the item to another consumer " +
    "while its producer waits, and tells the producer when all attempts have failed.",
  parts: [
    { world: "plain", code: "plain", run: withQueue },
    {
      world: "plain",
      caption: "with a producer that waits for an acknowledgement",
      code: "plain-acknowledged",
      run: withAcknowledgement,
    },
    { world: "espalier", code: "espalier", run: withRetries },
    {
      world: "espalier",
      caption: "with a consumer that dies, its order in hand",
      code: "espalier-dies",
      run: withDeath,
    },
  ],
};

const orders = [1, 2, 3, 4, 5];
const watchedMs = 500;

async function withQueue(log: Log): Promise<string[]> {
  const desks = new Desks(log, setTimeout);
  // #region plain
  async function produce(queue: Queue<number>) {
    for (const order of orders) await queue.put(order);
  }
  async function serve(desk: string, queue: Queue<number>) {
    while (true) {
      const order = await queue.get();
      await desks.charge(desk, order).catch(log);
    }
  }
  const queue = new Queue<number>();
  void serve("A", queue);
  void serve("B", queue);
  await produce(queue);
  log("the producer is done");
  // #endregion
  await setTimeout(watchedMs);
  return objectionsTo(log, desks, []);
}

async function withAcknowledgement(log: Log): Promise<string[]> {
  const desks = new Desks(log, setTimeout);
  // #region plain-acknowledged
  interface Job {
    readonly order: number;
    readonly acknowledge: () => void;
  }
  async function produce(queue: Queue<Job>) {
    for (const order of orders) {
      await new Promise<void>((acknowledge) => {
        void queue.put({ order, acknowledge });
      });
      log(`the producer knows: ${order} is done`);
    }
  }
  async function serve(desk: string, queue: Queue<Job>) {
    while (true) {
      const { order, acknowledge } = await queue.get();
      await desks.charge(desk, order).then(acknowledge, log);
    }
  }
  const queue = new Queue<Job>();
  void serve("A", queue);
  void serve("B", queue);
  const producing = produce(queue);
  // #endregion
  if (await settlesWithin(watchedMs, producing))
    return objectionsTo(log, desks, []);
  log("the producer still waits; no longer watched");
  return ["Its producer waits, and would for ever."];
}

async function withRetries(log: Log): Promise<string[]> {
  const desks = new Desks(log, sleep);
  const told: number[] = [];
  // #region espalier
  async function produce(channel: RetryingSendChannel<number>) {
    using mine = channel;
    for (const order of orders) {
      try {
        await mine.send(order);
        log(`the producer knows: ${order} is done`);
      } catch (error) {
        if (!(error instanceof DeliveryFailedError)) throw error;
        told.push(error.unsent as number);
        log(`the producer is told: ${error}`);
      }
    }
  }
  async function serve(
    desk: string,
    channel: RetryingReceiveChannel<number>,
  ) {
    using mine = channel;
    await mine.process((order) => desks.charge(desk, order));
  }
  const [send, receive] = openRetryingChannel<number>({
    maxAttempts: 3,
  });
  await openNursery(async (nursery) => {
    nursery.startSoon(() => serve("A", receive.clone()));
    nursery.startSoon(() => serve("B", receive));
    await produce(send);
  });
  // #endregion
  const objections = objectionsTo(log, desks, told);
  if (log.at("desk A takes order 3") === undefined)
    objections.push("Desk A never got to fail: nothing was shown.");
  const givenUp = told.join(", ");
  if (givenUp !== "4")
    objections.push(`These were given up: ${givenUp}; it should be 4.`);
  return objections;
}

async function withDeath(log: Log): Promise<string[]> {
  const charged: number[] = [];
  const [send, receive] = openRetryingChannel<number>();
  await openNursery(async (nursery) => {
    nursery.startSoon(() => serve("A", receive.clone()));
    nursery.startSoon(() => serve("B", receive));
    for (const order of [1, 2, 3]) {
      await send.send(order);
      log(`the producer knows: ${order} is done`);
    }
    send.close();
  });
  // #region espalier-dies
  async function serve(
    desk: string,
    channel: RetryingReceiveChannel<number>,
  ) {
    using mine = channel;
    for await (const delivery of mine) {
      log(`desk ${desk} takes order ${delivery.value}`);
      await sleep(50);
      if (desk === "A") break; // with the order in hand
      charged.push(delivery.value);
      delivery.ack();
    }
    log(`desk ${desk} leaves`);
  }
  // #endregion
  const objections: string[] = [];
  if (log.at("desk A takes order 1") === undefined)
    objections.push("Desk A got nothing: nothing was shown.");
  if (log.at("desk B takes order 1") === undefined)
    objections.push("The order did not come to desk B.");
  if (charged.join() !== "1,2,3")
    objections.push(`These were charged: ${charged.join(", ")}.`);
  return objections;
}

/** Each order is charged once and the producer knows of it, or it is told that the order failed. */
function objectionsTo(
  log: Log,
  desks: Desks,
  told: readonly number[],
): string[] {
  const objections: string[] = [];
  for (const order of orders) {
    const times = desks.charged.filter((each) => each === order).length;
    const known = log.at(`the producer knows: ${order} is done`);
    const charged = log.at(`order ${order} is charged`);
    if (told.includes(order)) {
      if (times > 0) objections.push(`Order ${order} was charged.`);
    } else if (charged === undefined)
      objections.push(`Order ${order} is lost, and nobody was told.`);
    else if (times > 1)
      objections.push(`Order ${order} was charged ${times} times.`);
    else if (known === undefined || known < charged)
      objections.push(
        `The producer went on before order ${order} was charged.`,
      );
  }
  return objections;
}
