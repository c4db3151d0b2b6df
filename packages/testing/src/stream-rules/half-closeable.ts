import { BusyResourceError, Cancelled, ClosedResourceError } from "@espalier/core";
import type { HalfCloseableStream } from "@espalier/stream";
import { assertCheckpoints } from "../assert-checkpoints.ts";
import { inCancelledScope } from "../channel-rules/call.ts";
import { claimDone, claimFailed, claimSame } from "../channel-rules/claims.ts";
import { outcomeOf, receiveCount, streamScene } from "./stream-call.ts";
import type { StreamRule } from "./stream-under-test.ts";

const abc = new Uint8Array([1, 2, 3]);

export const halfCloseableRules: readonly StreamRule<readonly [HalfCloseableStream, HalfCloseableStream]>[] =
  [
    {
      name: "after sendEof the other side receives what was sent, then the end, and can still answer",
      prove: async (a, b) => {
        await streamScene(async (begin) => {
          const asking = await begin(async () => {
            await a.sendAll(abc);
            await a.sendEof();
          });
          claimSame(await receiveCount(b, 100), [1, 2, 3], "What was received");
          claimDone(await asking.end(), "sendAll and sendEof");
          const answering = await begin(async () => {
            await b.sendAll(abc);
            await b.sendEof();
          });
          claimSame(await receiveCount(a, 100), [1, 2, 3], "The answer");
          claimDone(await answering.end(), "sendAll and sendEof");
          claimSame(await a.receiveSome(), undefined, "What is received after the end");
        });
      },
    },
    {
      name: "sendEof can be repeated; sending after it raises ClosedResourceError, also when both halves have ended",
      prove: async (a, b) => {
        await streamScene(async (begin) => {
          const refuses = async (): Promise<void> => {
            claimFailed(await outcomeOf(() => a.sendAll(abc)), ClosedResourceError, "sendAll");
            claimFailed(
              await outcomeOf(() => a.waitSendAllMightNotBlock()),
              ClosedResourceError,
              "waitSendAllMightNotBlock",
            );
            claimDone(await outcomeOf(() => a.sendEof()), "A repeated sendEof");
          };
          await a.sendEof();
          await refuses();
          claimSame(await b.receiveSome(), undefined, "What the other side received");
          await b.sendEof();
          claimSame(await a.receiveSome(), undefined, "What this side received");
          await begin(() => undefined);
          await refuses();
        });
      },
    },
    {
      name: "sendEof is a checkpoint, does nothing in a cancelled scope, and raises ClosedResourceError in a closed stream",
      prove: async (a, b) => {
        await streamScene(async (begin) => {
          claimFailed({ outcome: await inCancelledScope(() => a.sendEof()) }, Cancelled, "sendEof");
          await begin(() => a.sendAll(abc));
          claimSame(await receiveCount(b, 3), [1, 2, 3], "What was received");
          await assertCheckpoints(() => a.sendEof());
          await assertCheckpoints(() => a.sendEof());
          await b.aclose();
          claimFailed(await outcomeOf(() => b.sendEof()), ClosedResourceError, "sendEof of a closed stream");
        });
      },
    },
    {
      name: "sendEof while another task sends raises BusyResourceError",
      clogged: true,
      prove: async (a) => {
        await streamScene(async (begin) => {
          await begin(() => a.sendAll(abc));
          claimFailed(await outcomeOf(() => a.sendEof()), BusyResourceError, "sendEof");
        });
      },
    },
  ];
