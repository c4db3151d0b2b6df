import { WouldBlock } from "@espalier/core";
import { scene, settle } from "./call.ts";
import type { Rule } from "./channel-under-test.ts";
import { claimDone, claimSame, claimThrows, claimWaits } from "./claims.ts";
import { drain, fill } from "./contents.ts";

/** What sendNowait and receiveNowait do: the same without waiting, and never at the cost of those who wait. */
export const nowaitRules: readonly Rule[] = [
  {
    name: "sendNowait raises WouldBlock just when send would wait",
    onlyLimited: true,
    prove: async (specimen) => {
      const [send, receive] = specimen.open();
      await scene(async (begin) => {
        const buffered = fill(send, specimen);
        claimThrows(() => send.sendNowait("no"), WouldBlock, "sendNowait without room");
        if (buffered.length > 0) {
          claimSame(receive.receiveNowait(), buffered.shift(), "The oldest item");
          buffered.push(-1);
          send.sendNowait(-1);
          claimThrows(() => send.sendNowait("no"), WouldBlock, "sendNowait without room again");
        }
        claimSame(drain(receive), buffered, "What had been sent");
        const receiver = await begin(() => receive.receive());
        send.sendNowait("handed over");
        await settle();
        claimSame(claimDone(receiver, "receive"), "handed over", "What was received");
      });
    },
  },
  {
    name: "receiveNowait raises WouldBlock just when receive would wait",
    prove: async ({ open, capacity }) => {
      const [send, receive] = open();
      claimThrows(() => receive.receiveNowait(), WouldBlock, "receiveNowait on an empty channel");
      await scene(async (begin) => {
        const sender = await begin(() => send.send("item"));
        if (capacity === 0) claimWaits(sender, "send without a receiver");
        claimSame(receive.receiveNowait(), "item", "What was received");
        await settle();
        claimDone(sender, "send, whose item was taken,");
        claimThrows(() => receive.receiveNowait(), WouldBlock, "receiveNowait on an empty channel");
      });
    },
  },
  {
    name: "sendNowait does not overtake a sender that waits",
    onlyLimited: true,
    prove: async (specimen) => {
      const [send, receive] = specimen.open();
      await scene(async (begin) => {
        const items = [...fill(send, specimen), "first"];
        const sender = await begin(() => send.send("first"));
        const received = [receive.receiveNowait()]; // the room that this makes belongs to the sender
        claimThrows(
          () => send.sendNowait("second"),
          WouldBlock,
          "sendNowait, which would overtake a sender,",
        );
        await settle();
        claimDone(sender, "send");
        claimSame([...received, ...drain(receive)], items, "What was received");
      });
    },
  },
  {
    name: "receiveNowait does not overtake a receiver that waits",
    prove: async ({ open }) => {
      const [send, receive] = open();
      await scene(async (begin) => {
        const receiver = await begin(() => receive.receive());
        send.sendNowait("first"); // the item belongs to the receiver
        claimThrows(
          () => receive.receiveNowait(),
          WouldBlock,
          "receiveNowait, which would overtake a receiver,",
        );
        await settle();
        claimSame(claimDone(receiver, "receive"), "first", "What the waiting receiver got");
      });
    },
  },
];
