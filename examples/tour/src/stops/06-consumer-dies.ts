import {
  type MemoryReceiveChannel,
  type MemorySendChannel,
  openMemoryChannel,
} from "@espalier/channel";
import { BrokenResourceError, sleep } from "@espalier/core";
import { openNursery, unwrapSingle } from "@espalier/nursery";
import { setTimeout } from "node:timers/promises";
import { heldMemory, megabytes } from "../props/memory.ts";
import { Queue } from "../props/queue.ts";
import { type Message, Source } from "../props/source.ts";
import type { Log, Stop } from "../stop.ts";

export const consumerDies: Stop = {
  file: "06-consumer-dies",
  title: "The consumer that dies",
  claim:
    "When the consumer of a queue dies, its producer fills the memory, or waits for ever where the queue has a limit. A " +
    "channel of Espalier hands each message over; each consumer has an end of its own, the others go on when some die, and " +
    "when the last end is closed the producer is told and gets its message back.",
  parts: [
    { world: "plain", code: "plain", run: withoutLimit },
    {
      world: "plain",
      caption: "with a limit for the queue",
      code: "plain-limit",
      run: withLimit,
    },
    {
      world: "espalier",
      caption: "with five consumers",
      code: "espalier",
      run: inEspalier,
    },
  ],
};

const watchedMs = 700;

// #region plain
async function produce(queue: Queue<Message>, source: Source) {
  while (true) await queue.put(await source.next());
}
async function consume(queue: Queue<Message>, eat: Eater) {
  while (true) await eat(await queue.get());
}
// #endregion

async function withoutLimit(log: Log): Promise<string[]> {
  // #region plain
  const queue = new Queue<Message>();
  // #endregion
  return objectionsToQueue(queue, log);
}

async function withLimit(log: Log): Promise<string[]> {
  // #region plain-limit
  const queue = new Queue<Message>(1);
  // #endregion
  return objectionsToQueue(queue, log);
}

/** Handles a message, or fails. */
type Eater = (message: Message) => Promise<void>;

async function objectionsToQueue(
  queue: Queue<Message>,
  log: Log,
): Promise<string[]> {
  const before = await heldMemory();
  using source = new Source();
  const eat: Eater = async ({ number }) => {
    if (number === 3)
      throw new Error("the consumer choked on message 3");
  };
  const running = [produce(queue, source), consume(queue, eat)];
  await Promise.all(running).catch(log);
  await setTimeout(watchedMs);
  const grown = megabytes((await heldMemory()) - before);
  log(
    `messages in the queue: ${queue.length}; memory grew by ${grown}`,
  );
  if (queue.waiting === 0)
    return [
      `Its producer sends on, to nobody: ${queue.length} messages.`,
    ];
  log("the producer waits in put()");
  return ["Its producer waits, and would for ever."];
}

async function inEspalier(log: Log): Promise<string[]> {
  const before = await heldMemory();
  using source = new Source();
  const received: number[] = [];
  const meals = new Map<number, number>();
  /** Consumer 2 chokes on its second message, consumer 4 on its first; the others have enough after three. */
  const eat = async (
    who: number,
    { number }: Message,
  ): Promise<void> => {
    received.push(number);
    await sleep(20);
    meals.set(who, (meals.get(who) ?? 0) + 1);
    if (meals.get(who) === { 2: 2, 4: 1 }[who])
      throw new Error(`consumer ${who} choked on message ${number}`);
  };
  const enough = (who: number): boolean => {
    if (meals.get(who) !== 3) return false;
    log(`consumer ${who} has had enough and closes its end`);
    return true;
  };

  let failure: unknown;
  try {
    // #region espalier
    const [send, receive] = openMemoryChannel<Message>();
    await openNursery(async (nursery) => {
      for (let who = 1; who <= 5; who++) {
        const end = receive.clone();
        nursery.startSoon(() => consume(who, end));
      }
      receive.close();
      await produce(send);
    });

    async function produce(channel: MemorySendChannel<Message>) {
      using mine = channel;
      while (true) await mine.send(await source.next());
    }
    async function consume(
      who: number,
      channel: MemoryReceiveChannel<Message>,
    ) {
      using mine = channel;
      for await (const message of mine) {
        try {
          await eat(who, message);
        } catch (error) {
          log(error);
          return;
        }
        if (enough(who)) return;
      }
    }
    // #endregion
  } catch (error) {
    failure = unwrapSingle(error);
  }
  const objections: string[] = [];
  if (failure instanceof BrokenResourceError) {
    const { number } = failure.unsent as Message;
    log(
      `the producer is told (${failure.name}), message ${number} comes back`,
    );
    if (number !== received.length + 1)
      objections.push(`Message ${received.length + 1} got lost.`);
  } else {
    objections.push(`The producer was not told: ${String(failure)}.`);
  }
  const grown = (await heldMemory()) - before;
  log(
    `${received.length} messages received, memory grew by ${megabytes(grown)}`,
  );
  if (received.some((number, i) => number !== i + 1))
    objections.push(
      `Messages came twice or never: ${received.join(", ")}.`,
    );
  if (received.length !== 12)
    objections.push("The others did not go on when two had died.");
  if (grown > 3e6)
    objections.push(`Memory grew by ${megabytes(grown)}.`);
  return objections;
}
