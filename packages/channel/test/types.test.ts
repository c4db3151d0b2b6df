import type { EventEmitter } from "node:events";

import {
  type Broadcast,
  type BroadcastReceiveChannel,
  type BroadcastSendChannel,
  type Delivery,
  type EventChannel,
  fromEvents,
  type MemoryReceiveChannel,
  type MemorySendChannel,
  openBroadcastChannel,
  openMemoryChannel,
  openRetryingChannel,
  openWatchChannel,
  type ProducerReceiveChannel,
  type ProducerSendChannel,
  type ReceiveChannel,
  receiveCase,
  type RetryingReceiveChannel,
  type RetryingSendChannel,
  select,
  type SelectCase,
  type SendChannel,
  sendCase,
  type WatchReceiveChannel,
  type WatchSendChannel,
  withProducer,
} from "@espalier/channel";
import { describe, expectTypeOf, it } from "vitest";

interface Animal {
  readonly name: string;
}
interface Dog extends Animal {
  readonly barks: true;
}

describe("variance", () => {
  it("a sending end of animals is one of dogs, not the other way round", () => {
    expectTypeOf<MemorySendChannel<Animal>>().toExtend<MemorySendChannel<Dog>>();
    expectTypeOf<MemorySendChannel<Dog>>().not.toExtend<MemorySendChannel<Animal>>();
    expectTypeOf<BroadcastSendChannel<Animal>>().toExtend<BroadcastSendChannel<Dog>>();
    expectTypeOf<BroadcastSendChannel<Dog>>().not.toExtend<BroadcastSendChannel<Animal>>();
    expectTypeOf<RetryingSendChannel<Animal>>().toExtend<RetryingSendChannel<Dog>>();
    expectTypeOf<RetryingSendChannel<Dog>>().not.toExtend<RetryingSendChannel<Animal>>();
    expectTypeOf<WatchSendChannel<Animal>>().toExtend<WatchSendChannel<Dog>>();
    expectTypeOf<WatchSendChannel<Dog>>().not.toExtend<WatchSendChannel<Animal>>();
    expectTypeOf<ProducerSendChannel<Animal>>().toExtend<ProducerSendChannel<Dog>>();
    expectTypeOf<ProducerSendChannel<Dog>>().not.toExtend<ProducerSendChannel<Animal>>();
    expectTypeOf<SendChannel<Animal>>().toExtend<SendChannel<Dog>>();
    expectTypeOf<SendChannel<Dog>>().not.toExtend<SendChannel<Animal>>();
  });

  it("a receiving end of dogs is one of animals, not the other way round", () => {
    expectTypeOf<MemoryReceiveChannel<Dog>>().toExtend<MemoryReceiveChannel<Animal>>();
    expectTypeOf<MemoryReceiveChannel<Animal>>().not.toExtend<MemoryReceiveChannel<Dog>>();
    expectTypeOf<BroadcastReceiveChannel<Dog>>().toExtend<BroadcastReceiveChannel<Animal>>();
    expectTypeOf<BroadcastReceiveChannel<Animal>>().not.toExtend<BroadcastReceiveChannel<Dog>>();
    expectTypeOf<RetryingReceiveChannel<Dog>>().toExtend<RetryingReceiveChannel<Animal>>();
    expectTypeOf<RetryingReceiveChannel<Animal>>().not.toExtend<RetryingReceiveChannel<Dog>>();
    expectTypeOf<WatchReceiveChannel<Dog>>().toExtend<WatchReceiveChannel<Animal>>();
    expectTypeOf<WatchReceiveChannel<Animal>>().not.toExtend<WatchReceiveChannel<Dog>>();
    expectTypeOf<EventChannel<Dog>>().toExtend<EventChannel<Animal>>();
    expectTypeOf<EventChannel<Animal>>().not.toExtend<EventChannel<Dog>>();
    expectTypeOf<ProducerReceiveChannel<Dog>>().toExtend<ProducerReceiveChannel<Animal>>();
    expectTypeOf<ProducerReceiveChannel<Animal>>().not.toExtend<ProducerReceiveChannel<Dog>>();
    expectTypeOf<Delivery<Dog>>().toExtend<Delivery<Animal>>();
    expectTypeOf<Delivery<Animal>>().not.toExtend<Delivery<Dog>>();
    expectTypeOf<ReceiveChannel<Dog>>().toExtend<ReceiveChannel<Animal>>();
    expectTypeOf<ReceiveChannel<Animal>>().not.toExtend<ReceiveChannel<Dog>>();
    expectTypeOf<SelectCase<Dog>>().toExtend<SelectCase<Animal>>();
    expectTypeOf<SelectCase<Animal>>().not.toExtend<SelectCase<Dog>>();
  });

  it("a broadcast channel, which has both ends, is invariant", () => {
    expectTypeOf<Broadcast<Dog>>().not.toExtend<Broadcast<Animal>>();
    expectTypeOf<Broadcast<Animal>>().not.toExtend<Broadcast<Dog>>();
  });

  it("the two sides are not interchangeable", () => {
    expectTypeOf<MemorySendChannel<Dog>>().not.toExtend<ReceiveChannel<Dog>>();
    expectTypeOf<MemoryReceiveChannel<Dog>>().not.toExtend<SendChannel<Dog>>();
  });
});

describe("the common interfaces", () => {
  it("fit every kind of channel that has such an end", () => {
    expectTypeOf<MemorySendChannel<Dog>>().toExtend<SendChannel<Dog>>();
    expectTypeOf<BroadcastSendChannel<Dog>>().toExtend<SendChannel<Dog>>();
    expectTypeOf<RetryingSendChannel<Dog>>().toExtend<SendChannel<Dog>>();
    expectTypeOf<ProducerSendChannel<Dog>>().toExtend<SendChannel<Dog>>();
    expectTypeOf<MemoryReceiveChannel<Dog>>().toExtend<ReceiveChannel<Dog>>();
    expectTypeOf<BroadcastReceiveChannel<Dog>>().toExtend<ReceiveChannel<Dog>>();
    expectTypeOf<EventChannel<Dog>>().toExtend<ReceiveChannel<Dog>>();
    expectTypeOf<ProducerReceiveChannel<Dog>>().toExtend<ReceiveChannel<Dog>>();
    expectTypeOf<RetryingReceiveChannel<Dog>>().toExtend<ReceiveChannel<Delivery<Dog>>>();
  });
});

describe("select", () => {
  it("gives a union with one member for each case", () => {
    const use = async (
      numbers: MemoryReceiveChannel<number>,
      dogs: ReceiveChannel<Dog>,
      strings: MemorySendChannel<string>,
    ): Promise<void> => {
      const result = await select([receiveCase(numbers), sendCase(strings, "a"), receiveCase(dogs)]);
      expectTypeOf(result).toEqualTypeOf<
        | { readonly index: 0; readonly value: number }
        | { readonly index: 1; readonly value: undefined }
        | { readonly index: 2; readonly value: Dog }
      >();
      if (result.index === 2) expectTypeOf(result.value).toEqualTypeOf<Dog>();
      const list: SelectCase<number>[] = [receiveCase(numbers)];
      expectTypeOf(await select(list)).toEqualTypeOf<{ readonly index: number; readonly value: number }>();
      // @ts-expect-error the item does not fit the channel
      sendCase(strings, 5);
      // @ts-expect-error a sending end cannot be received from
      receiveCase(strings);
      // @ts-expect-error a channel is no case
      await select([numbers]);
    };
    expectTypeOf(use).toBeFunction();
  });
});

describe("the openers", () => {
  it("give ends of the type that was asked for", () => {
    const use = async (): Promise<void> => {
      const [send, receive] = openMemoryChannel<number>();
      expectTypeOf(send).toEqualTypeOf<MemorySendChannel<number>>();
      expectTypeOf(receive).toEqualTypeOf<MemoryReceiveChannel<number>>();
      expectTypeOf(await receive.receive()).toBeNumber();
      for await (const item of receive) expectTypeOf(item).toBeNumber();
      // @ts-expect-error a number is wanted
      await send.send("a");

      const { subscribe } = openBroadcastChannel<number>({ capacity: 1, overflow: "block" });
      expectTypeOf(subscribe()).toEqualTypeOf<BroadcastReceiveChannel<number>>();
      // @ts-expect-error overflow has to be decided
      openBroadcastChannel<number>({ capacity: 1 });
      // @ts-expect-error there is no such mode
      openBroadcastChannel<number>({ capacity: 1, overflow: "drop" });

      const [setter, watcher] = openWatchChannel("a");
      setter.set("b");
      expectTypeOf(watcher.value).toBeString();
      expectTypeOf(watcher.changed()).toEqualTypeOf<Promise<string>>();

      const [, deliveries] = openRetryingChannel<Dog>({ backoff: (failed) => failed * 10 });
      expectTypeOf(deliveries.receive()).toEqualTypeOf<Promise<Delivery<Dog>>>();
      await deliveries.process((dog, delivery) => {
        expectTypeOf(dog).toEqualTypeOf<Dog>();
        expectTypeOf(delivery).toEqualTypeOf<Delivery<Dog>>();
      });
    };
    expectTypeOf(use).toBeFunction();
  });
});

describe("fromEvents", () => {
  it("knows emitters and event targets", () => {
    const use = (emitter: EventEmitter, target: EventTarget): void => {
      expectTypeOf(fromEvents(emitter, "a", { capacity: 1, overflow: "error" })).toEqualTypeOf<
        EventChannel<unknown>
      >();
      expectTypeOf(fromEvents<number>(emitter, "a", { capacity: 1, overflow: "error" })).toEqualTypeOf<
        EventChannel<number>
      >();
      expectTypeOf(fromEvents(target, "a", { capacity: 1, overflow: "dropOldest" })).toEqualTypeOf<
        EventChannel<Event>
      >();
      // @ts-expect-error an emitter does not wait
      fromEvents(emitter, "a", { capacity: 1, overflow: "block" });
      // @ts-expect-error neither an emitter nor a target
      fromEvents({}, "a", { capacity: 1, overflow: "error" });
    };
    expectTypeOf(use).toBeFunction();
  });
});

describe("withProducer", () => {
  it("takes the type of the items from the generator, or from the channel of the function", () => {
    const use = async (): Promise<void> => {
      const text = await withProducer(
        async function* () {
          yield 1;
        },
        async (numbers) => {
          expectTypeOf(numbers).toEqualTypeOf<ProducerReceiveChannel<number>>();
          return "text";
        },
      );
      expectTypeOf(text).toBeString();
      const size = await withProducer(
        async (send: ProducerSendChannel<string>) => {
          await send.send("a");
        },
        (letters) => {
          expectTypeOf(letters).toEqualTypeOf<ProducerReceiveChannel<string>>();
          return 5;
        },
      );
      expectTypeOf(size).toBeNumber();
      await withProducer<number, void>(
        async (send) => {
          expectTypeOf(send).toEqualTypeOf<ProducerSendChannel<number>>();
        },
        () => undefined,
      );
    };
    expectTypeOf(use).toBeFunction();
  });
});
