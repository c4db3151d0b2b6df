import { assertCheckpoints, assertNoCheckpoints } from "../assert-checkpoints.ts";
import { scene } from "./call.ts";
import type { Rule } from "./channel-under-test.ts";
import { claimSame } from "./claims.ts";

/** Every async call is a checkpoint, also where it need not wait; no sync call is. */
export const checkpointRules: readonly Rule[] = [
  {
    name: "send is a checkpoint, also where it need not wait",
    prove: async ({ open }) => {
      const [send, receive] = open();
      await scene(async (begin) => {
        await begin(() => receive.receive());
        await assertCheckpoints(() => send.send("item"));
      });
    },
  },
  {
    name: "receive is a checkpoint, also where it need not wait",
    prove: async ({ open }) => {
      const [send, receive] = open();
      await scene(async (begin) => {
        await begin(() => send.send("item"));
        await assertCheckpoints(() => receive.receive());
      });
    },
  },
  {
    name: "each step of for await is a checkpoint, the last one too",
    prove: async ({ open }) => {
      const [send, receive] = open();
      await scene(async (begin) => {
        await begin(async () => {
          await send.send("item");
          send.close();
        });
        const iterator = receive[Symbol.asyncIterator]();
        const step = await assertCheckpoints(() => iterator.next());
        claimSame([step.done, step.value], [false, "item"], "The first step");
        await begin(() => undefined);
        const last = await assertCheckpoints(() => iterator.next());
        claimSame(last.done, true, "Whether the last step was the end");
      });
    },
  },
  {
    name: "sendNowait, receiveNowait, clone and close are none",
    prove: async ({ open, capacity }) => {
      const [send, receive] = open();
      await assertNoCheckpoints(() => {
        if (capacity > 0) {
          send.sendNowait("item");
          claimSame(receive.receiveNowait(), "item", "The item");
        }
        const [other, another] = [send.clone(), receive.clone()];
        claimSame([other.close(), another.close()], [undefined, undefined], "What close returned");
      });
    },
  },
];
