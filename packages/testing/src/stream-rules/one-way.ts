import {
  BrokenResourceError,
  BusyResourceError,
  Cancelled,
  ClosedResourceError,
  sleep,
} from "@espalier/core";
import { acloseForcefully, type SendStream } from "@espalier/stream";
import { assertCheckpoints } from "../assert-checkpoints.ts";
import { inCancelledScope } from "../channel-rules/call.ts";
import { claimDone, claimFailed, claimSame, claimWaits } from "../channel-rules/claims.ts";
import { outcomeOf, receiveCount, streamScene } from "./stream-call.ts";
import type { OneWay, StreamRule } from "./stream-under-test.ts";

const abc = new Uint8Array([1, 2, 3]);

/** A first failure may need several sends: the news of a lost peer takes its time on a wire. */
async function sendUntilRefused(send: SendStream): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    await send.sendAll(new Uint8Array(4096));
    if (i % 10 === 0) await sleep(1);
  }
}

export const oneWayRules: readonly StreamRule<OneWay>[] = [
  {
    name: "what is sent comes out once, in order, and then the end, each time",
    prove: async (send, receive) => {
      await streamScene(async (begin) => {
        const sending = await begin(async () => {
          await send.sendAll(abc);
          await send.sendAll(new Uint8Array(0));
          await send.sendAll(new Uint8Array([4]));
          await send.aclose();
        });
        claimSame(await receiveCount(receive, 100), [1, 2, 3, 4], "What was received");
        claimDone(await sending.end(), "sending and closing");
        for (let i = 0; i < 2; i++)
          claimSame(
            await assertCheckpoints(() => receive.receiveSome()),
            undefined,
            "What is received after the end",
          );
      });
    },
  },
  {
    name: "a loop over the stream gives all bytes and no empty chunk, and ends",
    prove: async (send, receive) => {
      await streamScene(async (begin) => {
        await begin(async () => {
          await send.sendAll(abc);
          await send.aclose();
        });
        const bytes: number[] = [];
        for await (const chunk of receive) {
          claimSame(chunk.length > 0, true, "Whether a chunk has bytes");
          bytes.push(...chunk);
        }
        claimSame(bytes, [1, 2, 3], "What was received");
      });
    },
  },
  {
    name: "receiveSome gives at most max bytes, and loses none",
    prove: async (send, receive) => {
      await streamScene(async (begin) => {
        await begin(() => send.sendAll(abc));
        claimSame([...((await receive.receiveSome(1)) ?? [])], [1], "What receiveSome(1) gave");
        claimSame(await receiveCount(receive, 2), [2, 3], "What was left");
        for (const max of [0, -1, 1.5, NaN])
          claimFailed(await outcomeOf(() => receive.receiveSome(max)), RangeError, `receiveSome(${max})`);
      });
    },
  },
  {
    name: "sendAll has done with the array when it returns",
    prove: async (send, receive) => {
      await streamScene(async (begin) => {
        await begin(async () => {
          const array = abc.slice();
          await send.sendAll(array);
          array.fill(9);
          await send.aclose();
        });
        claimSame(await receiveCount(receive, 3), [1, 2, 3], "What was received");
      });
    },
  },
  {
    name: "sendAll takes bytes only",
    prove: async (send) => {
      claimFailed(await outcomeOf(() => send.sendAll("text" as never)), TypeError, "sendAll of a string");
    },
  },
  {
    name: "one task receives at a time",
    prove: async (send, receive) => {
      await streamScene(async (begin) => {
        const first = await begin(() => receive.receiveSome());
        claimFailed(await outcomeOf(() => receive.receiveSome()), BusyResourceError, "A second receiveSome");
        await begin(() => send.sendAll(abc));
        claimDone(await first.end(), "The first receiveSome");
      });
    },
  },
  {
    name: "each call is a checkpoint, also where it need not wait",
    prove: async (send, receive) => {
      await streamScene(async (begin) => {
        const receiver = await begin(async () => {
          claimSame((await assertCheckpoints(() => receive.receiveSome(1)))?.length, 1, "What was received");
          await assertCheckpoints(() => receive.receiveSome());
        });
        await assertCheckpoints(() => send.waitSendAllMightNotBlock());
        await assertCheckpoints(() => send.sendAll(abc));
        claimDone(await receiver.end(), "receiveSome");
        for (let i = 0; i < 2; i++) {
          await assertCheckpoints(() => send.aclose());
          await assertCheckpoints(() => receive.aclose());
        }
      });
    },
  },
  {
    name: "in a cancelled scope every call raises Cancelled, and nothing is sent or taken",
    prove: async (send, receive) => {
      await streamScene(async (begin) => {
        const refused = async (body: () => unknown, what: string): Promise<void> => {
          claimFailed({ outcome: await inCancelledScope(body) }, Cancelled, `${what} in a cancelled scope`);
        };
        await refused(() => send.sendAll(new Uint8Array([9])), "sendAll");
        await refused(() => send.waitSendAllMightNotBlock(), "waitSendAllMightNotBlock");
        await begin(() => send.sendAll(abc));
        await refused(() => receive.receiveSome(), "receiveSome");
        await refused(() => receive[Symbol.asyncIterator]().next(), "A step of for await");
        claimSame(await receiveCount(receive, 3), [1, 2, 3], "What was received");
      });
    },
  },
  {
    name: "a receiveSome that is cancelled while it waits takes no byte",
    prove: async (send, receive) => {
      await streamScene(async (begin) => {
        for (let i = 0; i < 2; i++) {
          const call = await begin(() => receive.receiveSome());
          claimWaits(call, "receiveSome");
          call.cancel();
          claimFailed(await call.end(), Cancelled, "receiveSome");
        }
        await begin(() => send.sendAll(abc));
        claimSame(await receiveCount(receive, 3), [1, 2, 3], "What was received");
      });
    },
  },
  {
    name: "a sender that has closed raises ClosedResourceError, and may close again",
    prove: async (send) => {
      for (let i = 0; i < 2; i++) {
        await send.aclose();
        claimFailed(await outcomeOf(() => send.sendAll(abc)), ClosedResourceError, "sendAll");
        claimFailed(
          await outcomeOf(() => send.sendAll(new Uint8Array(0))),
          ClosedResourceError,
          "sendAll of nothing",
        );
        claimFailed(
          await outcomeOf(() => send.waitSendAllMightNotBlock()),
          ClosedResourceError,
          "waitSendAllMightNotBlock",
        );
      }
      await acloseForcefully(send);
    },
  },
  {
    name: "a receiver that has closed raises ClosedResourceError, and may close again",
    prove: async (send, receive) => {
      await streamScene(async (begin) => {
        await begin(() => send.sendAll(abc));
        for (let i = 0; i < 2; i++) {
          await receive.aclose();
          claimFailed(await outcomeOf(() => receive.receiveSome()), ClosedResourceError, "receiveSome");
        }
        await acloseForcefully(receive);
      });
    },
  },
  {
    name: "closing the receiver wakes who waits in it with ClosedResourceError",
    prove: async (_send, receive) => {
      for (const close of [() => receive.aclose(), () => acloseForcefully(receive)]) {
        await streamScene(async (begin) => {
          const call = await begin(() => receive.receiveSome());
          await close();
          claimFailed(await call.end(), ClosedResourceError, "receiveSome");
        });
      }
    },
  },
  {
    name: "a receiver that has closed breaks the sender",
    prove: async (send, receive) => {
      await receive.aclose();
      claimFailed(await outcomeOf(() => sendUntilRefused(send)), BrokenResourceError, "Sending on and on");
    },
  },
  {
    name: "aclose in a cancelled scope closes, and raises Cancelled; disposal does not raise",
    prove: async (send, receive) => {
      claimFailed(
        { outcome: await inCancelledScope(() => send.aclose()) },
        Cancelled,
        "aclose of the sender",
      );
      claimFailed(await outcomeOf(() => send.sendAll(abc)), ClosedResourceError, "sendAll after that");
      claimDone(
        { outcome: await inCancelledScope(() => receive[Symbol.asyncDispose]()) },
        "disposal of the receiver",
      );
      claimFailed(
        await outcomeOf(() => receive.receiveSome()),
        ClosedResourceError,
        "receiveSome after that",
      );
    },
  },
  {
    name: "a sender that is closed by force ends, or breaks, the receiver that waits",
    prove: async (send, receive) => {
      await streamScene(async (begin) => {
        const call = await begin(() => receive.receiveSome());
        await acloseForcefully(send);
        const { outcome } = await call.end();
        if (outcome?.kind === "error") claimFailed(call, BrokenResourceError, "receiveSome");
        else claimSame(outcome?.value, undefined, "What was received");
      });
    },
  },
  {
    name: "sendAll and waitSendAllMightNotBlock wait while nobody receives, one task at a time",
    clogged: true,
    prove: async (send, receive) => {
      await streamScene(async (begin) => {
        for (const [waiting, name] of [
          [() => send.waitSendAllMightNotBlock(), "waitSendAllMightNotBlock"],
          [() => send.sendAll(abc), "sendAll"],
        ] as const) {
          const call = await begin(waiting);
          // It may return early: that is why it is called "might".
          if (name === "sendAll") claimWaits(call, name);
          else if (call.outcome !== undefined) continue;
          claimFailed(await outcomeOf(() => send.sendAll(abc)), BusyResourceError, `sendAll during ${name}`);
          claimFailed(
            await outcomeOf(() => send.waitSendAllMightNotBlock()),
            BusyResourceError,
            `waitSendAllMightNotBlock during ${name}`,
          );
          const draining = await begin(async () => {
            while (((await receive.receiveSome()) ?? []).length > 0);
          });
          claimDone(await call.end(), `${name} with a receiver`);
          draining.cancel();
          await draining.end();
          if (name !== "sendAll") break; // it is clogged no longer
        }
      });
    },
  },
  {
    name: "a sendAll that is cancelled while it waits breaks the sender for good",
    clogged: true,
    prove: async (send) => {
      await streamScene(async (begin) => {
        const call = await begin(() => send.sendAll(abc));
        call.cancel();
        claimFailed(await call.end(), Cancelled, "sendAll");
        claimFailed(await outcomeOf(() => send.sendAll(abc)), BrokenResourceError, "sendAll after that");
        await send.aclose();
        claimFailed(await outcomeOf(() => send.sendAll(abc)), ClosedResourceError, "sendAll after closing");
      });
    },
  },
  {
    name: "closing the sender wakes who waits in it with ClosedResourceError, and waits for nobody",
    clogged: true,
    prove: async (send) => {
      await streamScene(async (begin) => {
        const call = await begin(() => send.sendAll(abc));
        await send.aclose();
        claimFailed(await call.end(), ClosedResourceError, "sendAll");
      });
    },
  },
  {
    name: "closing the receiver wakes the sender who waits with BrokenResourceError",
    clogged: true,
    prove: async (send, receive) => {
      await streamScene(async (begin) => {
        const call = await begin(() => send.sendAll(abc));
        await acloseForcefully(receive);
        claimFailed(await call.end(), BrokenResourceError, "sendAll");
      });
    },
  },
];
