import { Cancelled } from "@espalier/core";
import { inCancelledScope, scene, settle } from "./call.ts";
import type { Rule } from "./channel-under-test.ts";
import { claimDone, claimFailed, claimSame, claimWaits } from "./claims.ts";
import { drain, fill } from "./contents.ts";

/** Cancelled means that it did not happen; delivered beats cancelled. */
export const cancellingRules: readonly Rule[] = [
  {
    name: "send in a cancelled scope raises and sends nothing, also where it need not wait",
    prove: async ({ open }) => {
      const [send, receive] = open();
      claimFailed({ outcome: await inCancelledScope(() => send.send("no")) }, Cancelled, "send");
      claimSame(drain(receive), [], "What was sent");
      await scene(async (begin) => {
        const receiver = await begin(() => receive.receive());
        claimFailed(
          { outcome: await inCancelledScope(() => send.send("no")) },
          Cancelled,
          "send to a receiver that waits",
        );
        send.sendNowait("yes");
        await settle();
        claimSame(claimDone(receiver, "receive"), "yes", "What was received");
      });
    },
  },
  {
    name: "receive in a cancelled scope raises and takes nothing, also where it need not wait",
    prove: async ({ open }) => {
      const [send, receive] = open();
      claimFailed({ outcome: await inCancelledScope(() => receive.receive()) }, Cancelled, "receive");
      await scene(async (begin) => {
        const sender = await begin(() => send.send("item"));
        claimFailed(
          { outcome: await inCancelledScope(() => receive.receive()) },
          Cancelled,
          "receive of an item",
        );
        const iterator = receive[Symbol.asyncIterator]();
        claimFailed(
          { outcome: await inCancelledScope(() => iterator.next()) },
          Cancelled,
          "a step of for await",
        );
        claimSame(drain(receive), ["item"], "What was left");
        await settle();
        claimDone(sender, "send");
      });
    },
  },
  {
    name: "a send that is cancelled while it waits has sent nothing, and the others keep their places",
    onlyLimited: true,
    prove: async (specimen) => {
      const [send, receive] = specimen.open();
      await scene(async (begin) => {
        const items = [...fill(send, specimen), "a", "c"];
        const [a, b, c] = [
          await begin(() => send.send("a")),
          await begin(() => send.send("b")),
          await begin(() => send.send("c")),
        ];
        b.cancel();
        await settle();
        claimFailed(b, Cancelled, "send");
        const received: unknown[] = [];
        for (const call of [a, c]) {
          received.push(receive.receiveNowait());
          await settle();
          claimDone(call, "send");
        }
        claimSame([...received, ...drain(receive)], items, "What was received");
      });
    },
  },
  {
    name: "a receive that is cancelled while it waits takes nothing, and the next in line gets the item",
    prove: async ({ open, capacity }) => {
      const [send, receive] = open();
      await scene(async (begin) => {
        const [a, b] = [await begin(() => receive.receive()), await begin(() => receive.receive())];
        a.cancel();
        await settle();
        claimFailed(a, Cancelled, "receive");
        send.sendNowait("item");
        await settle();
        claimSame(claimDone(b, "receive"), "item", "What the next in line received");
        const alone = await begin(() => receive.receive());
        alone.cancel();
        if (capacity === 0) {
          const sender = await begin(() => send.send("kept"));
          claimWaits(sender, "send, whose only receiver was cancelled,");
        } else send.sendNowait("kept");
        await settle();
        claimFailed(alone, Cancelled, "receive");
        claimSame(drain(receive), ["kept"], "What was left");
      });
    },
  },
  {
    name: "an item that was handed to a receiver stays its own, whatever is cancelled afterwards",
    prove: async ({ open }) => {
      const [send, receive] = open();
      await scene(async (begin) => {
        const receiver = await begin(() => receive.receive());
        send.sendNowait("item");
        receiver.cancel();
        await settle();
        claimSame(
          claimDone(receiver, "receive, which was given its item before it was cancelled,"),
          "item",
          "The item",
        );
      });
    },
  },
  {
    name: "a send whose item was taken has happened, whatever is cancelled afterwards",
    onlyLimited: true,
    prove: async (specimen) => {
      const [send, receive] = specimen.open();
      await scene(async (begin) => {
        const items = [...fill(send, specimen), "item"];
        const sender = await begin(() => send.send("item"));
        const received = [receive.receiveNowait()];
        sender.cancel();
        await settle();
        claimDone(sender, "send, whose item was accepted before it was cancelled,");
        claimSame([...received, ...drain(receive)], items, "What was received");
      });
    },
  },
];
