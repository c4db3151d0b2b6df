import { BrokenResourceError, ClosedResourceError, EndOfChannel, WouldBlock } from "@espalier/core";
import { captureOutcome, type Outcome } from "@espalier/core/lowlevel";
import { inCancelledScope, scene, settle } from "./call.ts";
import type { Rule } from "./channel-under-test.ts";
import { claimDone, claimFailed, claimSame, claimThrows, claimWaits } from "./claims.ts";
import { drain, fill } from "./contents.ts";

/** What a closed end does, and what the other side sees of it. */
export const closingRules: readonly Rule[] = [
  {
    name: "a send end that was closed raises ClosedResourceError; closing it again is harmless",
    prove: async ({ open }) => {
      const [send] = open();
      send.close();
      send.close();
      send[Symbol.dispose]();
      claimFailed(await callOf(() => send.send("no")), ClosedResourceError, "send on a closed end");
      claimThrows(() => send.sendNowait("no"), ClosedResourceError, "sendNowait on a closed end");
      claimThrows(() => send.clone(), ClosedResourceError, "clone of a closed end");
    },
  },
  {
    name: "a receive end that was closed raises ClosedResourceError; closing it again is harmless",
    prove: async ({ open }) => {
      const [, receive] = open();
      receive.close();
      receive.close();
      receive[Symbol.dispose]();
      claimFailed(await callOf(() => receive.receive()), ClosedResourceError, "receive on a closed end");
      const iterator = receive[Symbol.asyncIterator]();
      claimFailed(await callOf(() => iterator.next()), ClosedResourceError, "for await on a closed end");
      claimThrows(() => receive.receiveNowait(), ClosedResourceError, "receiveNowait on a closed end");
      claimThrows(() => receive.clone(), ClosedResourceError, "clone of a closed end");
    },
  },
  {
    name: "leaving a using block closes an end",
    prove: async ({ open }) => {
      const [send, receive] = open();
      send[Symbol.dispose]();
      claimThrows(
        () => receive.receiveNowait(),
        EndOfChannel,
        "receiveNowait, when the only send end was disposed,",
      );
      receive[Symbol.dispose]();
      claimThrows(() => receive.receiveNowait(), ClosedResourceError, "receiveNowait on a disposed end");
    },
  },
  {
    name: "closing a send end ends the sends that wait in it with ClosedResourceError, and nothing is sent",
    onlyLimited: true,
    prove: async (specimen) => {
      const [send, receive] = specimen.open();
      const other = send.clone();
      await scene(async (begin) => {
        const items = [...fill(send, specimen), "yes"];
        const own = await begin(() => send.send("no"));
        const others = await begin(() => other.send("yes"));
        send.close();
        await settle();
        claimFailed(own, ClosedResourceError, "send in an end that was closed");
        claimWaits(others, "send in an end that is open");
        const received = [receive.receiveNowait()];
        await settle();
        claimDone(others, "send in another end");
        claimSame([...received, ...drain(receive)], items, "What was received");
      });
    },
  },
  {
    name: "closing a receive end ends the receives that wait in it with ClosedResourceError, and no others",
    prove: async ({ open }) => {
      const [send, receive] = open();
      const other = receive.clone();
      await scene(async (begin) => {
        const own = await begin(() => receive.receive());
        const others = await begin(() => other.receive());
        receive.close();
        await settle();
        claimFailed(own, ClosedResourceError, "receive in an end that was closed");
        send.sendNowait("item");
        await settle();
        claimSame(claimDone(others, "receive in another end"), "item", "What was received");
      });
    },
  },
  {
    name: "when all send ends are closed, what is buffered comes out, and then the end, for good",
    prove: async (specimen) => {
      const [send, receive] = specimen.open();
      const buffered =
        specimen.capacity === Infinity ? fill(send, { ...specimen, capacity: 3 }) : fill(send, specimen);
      send.close();
      for (const item of buffered)
        claimSame(
          claimDone(await callOf(() => receive.receive()), "receive of what is buffered"),
          item,
          "The item",
        );
      for (let i = 0; i < 2; i++) {
        claimFailed(await callOf(() => receive.receive()), EndOfChannel, "receive at the end");
        claimThrows(() => receive.receiveNowait(), EndOfChannel, "receiveNowait at the end");
      }
      const items = await callOf(async () => {
        const seen: unknown[] = [];
        for await (const item of receive) seen.push(item);
        return seen.length;
      });
      claimSame(claimDone(items, "for await at the end"), 0, "How many items it saw");
    },
  },
  {
    name: "when the last send end closes, receivers that wait meet the end",
    prove: async ({ open }) => {
      const [send, receive] = open();
      const other = send.clone();
      await scene(async (begin) => {
        const receiver = await begin(() => receive.receive());
        const loop = await begin(async () => {
          for await (const item of receive) return item;
          return "the end";
        });
        send.close();
        await settle();
        claimWaits(receiver, "receive, while a send end is open,");
        other.close();
        await settle();
        claimFailed(receiver, EndOfChannel, "receive");
        claimSame(claimDone(loop, "for await"), "the end", "What for await came to");
      });
    },
  },
  {
    name: "when all receive ends are closed, sends fail with BrokenResourceError, which hands the item back",
    prove: async ({ open }) => {
      const [send, receive] = open();
      const other = receive.clone();
      receive.close();
      await scene(async (begin) => {
        const sender = await begin(() => send.send("item"));
        if (sender.outcome !== undefined) claimDone(sender, "send, while a receive end is open,");
        other.close();
        await settle();
        const failed = claimFailed(await callOf(() => send.send("a")), BrokenResourceError, "send to nobody");
        claimSame(failed.unsent, "a", "What send hands back");
        const thrown = claimThrows(() => send.sendNowait("b"), BrokenResourceError, "sendNowait to nobody");
        claimSame(thrown.unsent, "b", "What sendNowait hands back");
      });
    },
  },
  {
    name: "when the last receive end closes, sends that wait fail with BrokenResourceError, which hands the item back",
    onlyLimited: true,
    prove: async (specimen) => {
      const [send, receive] = specimen.open();
      await scene(async (begin) => {
        fill(send, specimen);
        const senders = [await begin(() => send.send("a")), await begin(() => send.send("b"))];
        receive.close();
        await settle();
        claimSame(
          senders.map((call) => claimFailed(call, BrokenResourceError, "send").unsent),
          ["a", "b"],
          "What they hand back",
        );
      });
    },
  },
  {
    name: "async calls never throw; they reject",
    prove: async ({ open }) => {
      const [send, receive] = open();
      send.close();
      receive.close();
      for (const [name, call] of [
        ["send", () => send.send("no")],
        ["receive", () => receive.receive()],
      ] as const) {
        let promise: Promise<unknown> | undefined;
        try {
          promise = call();
        } catch {
          // told below
        }
        claimSame(promise !== undefined, true, `Whether ${name} on a closed end gave a promise`);
        claimFailed(await callOf(() => promise), ClosedResourceError, name);
      }
    },
  },
  {
    name: "closing works in a cancelled scope",
    prove: async ({ open }) => {
      const [send, receive] = open();
      claimDone({ outcome: await inCancelledScope(() => send.close()) }, "close in a cancelled scope");
      claimThrows(() => receive.receiveNowait(), EndOfChannel, "receiveNowait");
      claimDone({ outcome: await inCancelledScope(() => receive.close()) }, "close in a cancelled scope");
      claimThrows(() => receive.receiveNowait(), ClosedResourceError, "receiveNowait");
    },
  },
  {
    name: "breaking out of for await closes nothing",
    prove: async ({ open }) => {
      const [send, receive] = open();
      await scene(async (begin) => {
        await begin(async () => {
          await send.send(1);
          await send.send(2);
        });
        const loop = await begin(async () => {
          for await (const item of receive) return item;
          return "the end";
        });
        claimSame(claimDone(loop, "for await"), 1, "The first item");
        claimSame(receive.receiveNowait(), 2, "The item after the loop");
        claimThrows(() => receive.receiveNowait(), WouldBlock, "receiveNowait on an empty channel");
      });
    },
  },
];

/** A call that is awaited at once, and how it ended. */
async function callOf(body: () => unknown): Promise<{ outcome: Outcome<unknown> }> {
  return { outcome: await captureOutcome(body) };
}
