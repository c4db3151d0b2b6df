import { EndOfChannel } from "@espalier/core";
import { type Call, scene, settle } from "./call.ts";
import type { Rule } from "./channel-under-test.ts";
import { claimDone, claimSame, claimThrows } from "./claims.ts";
import { drain } from "./contents.ts";

/** Several ends of one channel. (What closing one of them does is told in closing.ts.) */
export const cloneRules: readonly Rule[] = [
  {
    name: "clones of a receive end stand in one line, and each item goes to one of them",
    prove: async ({ open }) => {
      const [send, receive] = open();
      const ends = [receive, receive.clone(), receive.clone()];
      await scene(async (begin) => {
        const receivers: Call[] = [];
        for (let i = 0; i < 6; i++) receivers.push(await begin(() => ends[i % 3]!.receive()));
        for (let i = 0; i < 6; i++) send.sendNowait(i);
        await settle();
        claimSame(
          receivers.map((call) => claimDone(call, "receive")),
          [0, 1, 2, 3, 4, 5],
          "What they received, in the order in which they came,",
        );
        claimSame(drain(receive), [], "What was left");
      });
    },
  },
  {
    name: "clones of a send end send into one channel, in order",
    prove: async ({ open }) => {
      const [send, receive] = open();
      const ends = [send, send.clone(), send.clone()];
      await scene(async (begin) => {
        for (let i = 0; i < 6; i++) await begin(() => ends[i % 3]!.send(i));
        const received: unknown[] = [];
        for (let i = 0; i < 6; i++) {
          received.push(receive.receiveNowait());
          await settle();
        }
        claimSame(received, [0, 1, 2, 3, 4, 5], "What was received");
      });
    },
  },
  {
    name: "the channel ends when every clone is closed, and not before, also when the first end is closed first",
    prove: async ({ open }) => {
      const [send, receive] = open();
      const second = send.clone();
      send.close();
      const third = second.clone();
      second.close();
      await scene(async (begin) => {
        const receiver = await begin(() => receive.receive());
        third.sendNowait("through the last one");
        await settle();
        claimSame(claimDone(receiver, "receive"), "through the last one", "What was received");
        third.close();
        claimThrows(
          () => receive.receiveNowait(),
          EndOfChannel,
          "receiveNowait, when all clones are closed,",
        );
      });
    },
  },
  {
    name: "closing one end twice closes no other",
    prove: async ({ open }) => {
      const [send, receive] = open();
      const [otherSend, otherReceive] = [send.clone(), receive.clone()];
      for (const end of [send, receive]) {
        end.close();
        end.close();
      }
      await scene(async (begin) => {
        const receiver = await begin(() => otherReceive.receive());
        otherSend.sendNowait("item");
        await settle();
        claimSame(claimDone(receiver, "receive"), "item", "What was received");
      });
    },
  },
];
