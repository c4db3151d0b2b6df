import { currentTime, sleep } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import type { StapledStream } from "@espalier/stream";
import {
  cancelEverywhere,
  checkHalfCloseableStream,
  checkOneWayStream,
  checkTwoWayStream,
  lockstepStreamPair,
  memoryStreamPair,
  runVirtual,
} from "@espalier/testing";
import { describe, expect, it } from "vitest";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

describe("memoryStreamPair", () => {
  it("keeps the contract of a HalfCloseableStream", () =>
    runVirtual(() => checkHalfCloseableStream(memoryStreamPair)));

  it("makes nobody wait for room", () =>
    runVirtual(async () => {
      const [a, b] = memoryStreamPair();
      for (let i = 0; i < 1000; i++) await a.sendAll(encode("x"));
      await a.sendEof();
      let count = 0;
      for await (const chunk of b) count += chunk.length;
      expect(count).toBe(1000);
    }));
});

describe("lockstepStreamPair", () => {
  it("keeps the contract of a HalfCloseableStream, clogged from the start", () =>
    runVirtual(() => checkHalfCloseableStream(lockstepStreamPair, lockstepStreamPair)));

  it("is a one-way and a two-way stream as well", () =>
    runVirtual(async () => {
      await checkOneWayStream(lockstepStreamPair, lockstepStreamPair);
      await checkTwoWayStream(lockstepStreamPair, lockstepStreamPair);
    }));

  it("makes the sender wait until the last byte is taken", () =>
    runVirtual(async () => {
      const [a, b] = lockstepStreamPair();
      await openNursery((nursery) => {
        nursery.startSoon(async () => {
          await a.sendAll(encode("hello"));
          expect(currentTime()).toBe(20);
          await a.waitSendAllMightNotBlock();
          expect(currentTime()).toBe(30);
        });
        nursery.startSoon(async () => {
          await sleep(10);
          expect(decode(await b.receiveSome(3))).toBe("hel");
          await sleep(10);
          expect(decode(await b.receiveSome())).toBe("lo");
          await sleep(10);
          nursery.startSoon(() => a.aclose());
          expect(await b.receiveSome()).toBeUndefined();
        });
      }).catch((error: unknown) => {
        throw error;
      });
    }));

  it("leaves nothing behind, wherever a talk over it is cancelled", async () => {
    const talk = (make: () => [StapledStream, StapledStream]) => () => () =>
      openNursery(async (nursery) => {
        const [a, b] = make();
        nursery.startSoon(async () => {
          await a.sendAll(encode("question"));
          await a.receiveSome();
          await a.aclose();
        });
        await b.receiveSome(3);
        await b.receiveSome();
        await b.sendAll(encode("answer"));
        await b.aclose();
      });
    for (const make of [memoryStreamPair, lockstepStreamPair])
      expect((await cancelEverywhere(talk(make))).complete).toBe(true);
  });
});
