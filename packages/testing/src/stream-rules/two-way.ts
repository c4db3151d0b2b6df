import { ClosedResourceError } from "@espalier/core";
import { acloseForcefully, type Stream } from "@espalier/stream";
import { claimDone, claimFailed, claimSame } from "../channel-rules/claims.ts";
import { streamScene } from "./stream-call.ts";
import type { StreamRule } from "./stream-under-test.ts";

/** More than the buffers on the way hold, in pieces that fit nothing. */
const pieces = 60;
const pieceSize = 9973;

/** The byte at a place of the test data; no two neighbouring pieces look alike. */
function byteAt(place: number, salt: number): number {
  return (Math.imul(place + salt, 2_654_435_761) >>> 13) & 0xff;
}

async function sendMuch(stream: Stream, salt: number): Promise<void> {
  for (let i = 0; i < pieces; i++)
    await stream.sendAll(Uint8Array.from({ length: pieceSize }, (_, j) => byteAt(i * pieceSize + j, salt)));
}

async function receiveMuch(stream: Stream, salt: number): Promise<void> {
  let place = 0;
  while (place < pieces * pieceSize) {
    const chunk = await stream.receiveSome(1 + (place % 20_000));
    if (chunk === undefined || chunk.length === 0) break;
    for (const byte of chunk) claimSame(byte, byteAt(place++, salt), `The byte at place ${place}`);
  }
  claimSame(place, pieces * pieceSize, "The number of bytes");
}

export const twoWayRules: readonly StreamRule<readonly [Stream, Stream]>[] = [
  {
    name: "much data goes both ways at once, and arrives whole",
    prove: async (a, b) => {
      await streamScene(async (begin) => {
        const calls = [
          await begin(() => sendMuch(a, 1)),
          await begin(() => sendMuch(b, 2)),
          await begin(() => receiveMuch(a, 2)),
          await begin(() => receiveMuch(b, 1)),
        ];
        for (const call of calls) claimDone(await call.end(), "Sending or receiving");
      });
    },
  },
  {
    name: "a receiver that waits does not hold up a sender on the same side",
    prove: async (a, b) => {
      await streamScene(async (begin) => {
        const waiting = await begin(() => a.receiveSome());
        const answer = await begin(() => b.receiveSome());
        await a.sendAll(new Uint8Array([1]));
        claimSame(
          [...(claimDone(await answer.end(), "receiveSome") as Uint8Array)],
          [1],
          "What was received",
        );
        const sending = await begin(() => b.sendAll(new Uint8Array([2])));
        claimSame(
          [...(claimDone(await waiting.end(), "receiveSome") as Uint8Array)],
          [2],
          "What was received",
        );
        claimDone(await sending.end(), "sendAll");
      });
    },
  },
  {
    name: "aclose closes both directions",
    prove: async (a) => {
      await streamScene(async (begin) => {
        const waiting = await begin(() => a.receiveSome());
        await acloseForcefully(a);
        claimFailed(await waiting.end(), ClosedResourceError, "receiveSome");
        const sending = await begin(() => a.sendAll(new Uint8Array(1)));
        claimFailed(await sending.end(), ClosedResourceError, "sendAll");
      });
    },
  },
];
