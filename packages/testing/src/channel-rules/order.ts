import { openNursery } from "@espalier/nursery";
import { type Call, scene, settle } from "./call.ts";
import type { Rule } from "./channel-under-test.ts";
import { claimDone, claimSame, claimWaits } from "./claims.ts";
import { drain, fill } from "./contents.ts";

/** Values that a careless implementation takes for "nothing", or calls. */
const trickyItems = [undefined, null, 0, NaN, "", false, Symbol("item"), new Error("an item"), () => "item"];

/** What comes out, and who waits for how long. */
export const orderRules: readonly Rule[] = [
  {
    name: "what is sent comes out once, and in order",
    prove: async ({ open }) => {
      const [send, receive] = open();
      const sent = Array.from({ length: 20 }, (_, i) => i);
      const received: unknown[] = [];
      await openNursery(async (nursery) => {
        nursery.startSoon(async () => {
          for (const item of sent) await send.send(item);
          send.close();
        });
        for await (const item of receive) received.push(item);
      });
      claimSame(received, sent, "What was received");
    },
  },
  {
    name: "any value is an item like any other, whichever way it takes",
    prove: async ({ open }) => {
      const [send, receive] = open();
      await scene(async (begin) => {
        for (const item of trickyItems) {
          const handedOver = await begin(() => receive.receive());
          send.sendNowait(item);
          await settle();
          claimSame(claimDone(handedOver, "receive"), item, "What was handed over");
          await begin(() => send.send(item)); // to the buffer, or it waits
          claimSame(receive.receiveNowait(), item, "What was received");
          await begin(() => send.send(item));
          const fetched = await begin(() => receive.receive());
          claimSame(claimDone(fetched, "receive"), item, "What was received");
        }
      });
    },
  },
  {
    name: "receive waits while there is nothing",
    prove: async ({ open }) => {
      const [send, receive] = open();
      await scene(async (begin) => {
        const receiver = await begin(() => receive.receive());
        claimWaits(receiver, "receive on an empty channel");
        const sender = await begin(() => send.send("item"));
        claimSame(claimDone(receiver, "receive"), "item", "What it received");
        claimDone(sender, "send to a receiver that waits");
      });
    },
  },
  {
    name: "send waits while there is no room",
    onlyLimited: true,
    prove: async (specimen) => {
      const [send, receive] = specimen.open();
      await scene(async (begin) => {
        const items = [...fill(send, specimen), "last"];
        const sender = await begin(() => send.send("last"));
        claimWaits(sender, "send without room");
        const receiver = await begin(() => receive.receive());
        claimSame(claimDone(receiver, "receive"), items[0], "The oldest item");
        claimDone(sender, "send, now that there is room,");
        claimSame(drain(receive), items.slice(1), "What was left");
      });
    },
  },
  {
    name: "receivers that wait are served first come, first served",
    prove: async ({ open }) => {
      const [send, receive] = open();
      await scene(async (begin) => {
        const receivers: Call[] = [];
        for (let i = 0; i < 4; i++) receivers.push(await begin(() => receive.receive()));
        for (const item of [0, 1]) send.sendNowait(item);
        for (const item of [2, 3]) await begin(() => send.send(item));
        await settle();
        claimSame(
          receivers.map((call) => claimDone(call, "receive")),
          [0, 1, 2, 3],
          "What they received, in the order in which they came,",
        );
      });
    },
  },
  {
    name: "senders that wait are served first come, first served",
    onlyLimited: true,
    prove: async (specimen) => {
      const [send, receive] = specimen.open();
      await scene(async (begin) => {
        const items = [...fill(send, specimen), "a", "b", "c"];
        const senders: Call[] = [];
        for (const item of ["a", "b", "c"]) senders.push(await begin(() => send.send(item)));
        const received: unknown[] = [];
        for (const served of [1, 2, 3]) {
          received.push(receive.receiveNowait());
          await settle();
          claimSame(
            senders.map((call) => call.outcome !== undefined),
            [0, 1, 2].map((i) => i < served),
            "Which senders had been served",
          );
        }
        for (const call of senders) claimDone(call, "send");
        claimSame([...received, ...drain(receive)], items, "What was received");
      });
    },
  },
];
