import { CancelScope } from "@espalier/cancel-scope";
import { BrokenResourceError, checkpoint, ClosedResourceError } from "@espalier/core";
import type { HalfCloseableStream } from "@espalier/stream";
import {
  checkHalfCloseableStream,
  checkOneWayStream,
  checkTwoWayStream,
  ConformanceError,
  lockstepStreamPair,
  memoryStreamPair,
  runVirtual,
} from "@espalier/testing";
import { describe, expect, it } from "vitest";

import { rejection } from "./support/rejection.ts";

type End = HalfCloseableStream;

/** Takes a right stream, and gives what is wrong about it. */
type Flaw = (right: End) => Partial<End>;

const flaws: Record<string, Flaw> = {
  "turns bytes round": (right) => ({ sendAll: (bytes) => right.sendAll(bytes.slice().reverse()) }),
  "sends twice": (right) => ({
    async sendAll(bytes) {
      await right.sendAll(bytes);
      await right.sendAll(bytes);
    },
  }),
  "loses a byte in large pieces": (right) => ({
    sendAll: (bytes) => right.sendAll(bytes.length > 1000 ? bytes.subarray(1) : bytes),
  }),
  "gives an empty array at the end": (right) => ({
    receiveSome: async (max) => (await right.receiveSome(max)) ?? new Uint8Array(0),
  }),
  "raises at the second end": (right) => {
    let ended = false;
    return {
      async receiveSome(max) {
        if (ended) throw new BrokenResourceError("it had ended");
        const chunk = await right.receiveSome(max);
        ended = chunk === undefined;
        return chunk;
      },
    };
  },
  "ignores max": (right) => ({ receiveSome: () => right.receiveSome() }),
  "drops what is beyond max": (right) => ({
    receiveSome: async (max) => (await right.receiveSome())?.subarray(0, max),
  }),
  "takes a max of 0": (right) => ({
    receiveSome: async (max) => (max === 0 ? new Uint8Array(0) : right.receiveSome(max)),
  }),
  "takes a string": (right) => ({
    async sendAll(bytes) {
      if (typeof bytes !== "string") await right.sendAll(bytes);
    },
  }),
  "is no checkpoint in sendAll": (right) => ({
    async sendAll(bytes) {
      void right.sendAll(bytes).catch(() => undefined);
    },
  }),
  "is no checkpoint in aclose": (right) => ({
    async aclose() {
      void right.aclose().catch(() => undefined);
    },
  }),
  "is no checkpoint at the end": (right) => {
    let ended = false;
    return {
      async receiveSome(max) {
        if (ended) return undefined;
        const chunk = await right.receiveSome(max);
        ended = chunk === undefined;
        return chunk;
      },
    };
  },
  "does not close in a cancelled scope": (right) => ({
    async aclose() {
      await checkpoint();
      await right.aclose();
    },
  }),
  "raises at disposal": (right) => ({ [Symbol.asyncDispose]: () => right.aclose() }),
  "swallows the cancellation of aclose": (right) => ({ aclose: () => right[Symbol.asyncDispose]() }),
  "raises at the second aclose": (right) => {
    let closed = false;
    return {
      async aclose() {
        if (closed) throw new ClosedResourceError("closed already");
        closed = true;
        await right.aclose();
      },
    };
  },
  "keeps sending after a cancelled send": (right) => ({
    async sendAll(bytes) {
      try {
        await right.sendAll(bytes);
      } catch (error) {
        if (!(error instanceof BrokenResourceError)) throw error;
      }
    },
  }),
  "says broken where it means closed": (right) => ({
    async sendAll(bytes) {
      try {
        await right.sendAll(bytes);
      } catch (error) {
        throw error instanceof ClosedResourceError ? new BrokenResourceError("closed") : error;
      }
    },
  }),
  "lets two receive": (right) => ({
    receiveSome: async (max) => {
      for (;;) {
        try {
          return await right.receiveSome(max);
        } catch (error) {
          if ((error as Error).name !== "BusyResourceError") throw error;
          return undefined;
        }
      }
    },
  }),
  "never waits in sendAll": (right) => ({
    async sendAll(bytes) {
      void right.sendAll(bytes).catch(() => undefined);
      await right.waitSendAllMightNotBlock().catch(() => undefined);
    },
  }),
  "closes everything at sendEof": (right) => ({ sendEof: () => right.aclose() }),
  "does nothing at sendEof": () => ({ sendEof: () => Promise.resolve() }),
  "raises at the second sendEof": (right) => {
    let ended = false;
    return {
      async sendEof() {
        if (ended) throw new ClosedResourceError("ended already");
        ended = true;
        await right.sendEof();
      },
    };
  },
  "yields empty chunks in a loop": (right) => ({
    [Symbol.asyncIterator]: async function* (): AsyncGenerator<Uint8Array, undefined> {
      yield new Uint8Array(0);
      yield* right;
      return undefined;
    },
  }),
};

/** The right stream with some methods of its own. */
function flawed(right: End, flaw: Flaw): End {
  const own = flaw(right);
  const stream: End = {
    sendAll: (bytes) => (own.sendAll ?? right.sendAll.bind(right))(bytes),
    waitSendAllMightNotBlock: () => right.waitSendAllMightNotBlock(),
    sendEof: () => (own.sendEof ?? right.sendEof.bind(right))(),
    receiveSome: (max) => (own.receiveSome ?? right.receiveSome.bind(right))(max),
    aclose: () => (own.aclose ?? right.aclose.bind(right))(),
    [Symbol.asyncDispose]:
      own[Symbol.asyncDispose] ??
      (async () => {
        await stream.aclose().catch(() => undefined);
      }),
    [Symbol.asyncIterator]:
      own[Symbol.asyncIterator] ??
      (() => ({
        next: async () => {
          const value = await stream.receiveSome();
          return value === undefined ? { done: true, value } : { done: false, value };
        },
      })),
  };
  return stream;
}

function makeFlawed(flaw: Flaw): () => [End, End] {
  return () => {
    const [a, b] = lockstepStreamPair();
    return [flawed(a, flaw), flawed(b, flaw)];
  };
}

describe("checkHalfCloseableStream", () => {
  it("passes the wrapping that the flaws are planted in", () =>
    runVirtual(() =>
      checkHalfCloseableStream(
        makeFlawed(() => ({})),
        makeFlawed(() => ({})),
      ),
    ));

  it.each(Object.keys(flaws))("fails a stream that %s", async (name) => {
    const make = makeFlawed(flaws[name] as Flaw);
    const error = await rejection(runVirtual(() => checkHalfCloseableStream(make, make)));
    expect(error).toBeInstanceOf(ConformanceError);
  });

  it("lists the rules that are broken, one error each", async () => {
    const make = makeFlawed(flaws["raises at the second sendEof"] as Flaw);
    const error = (await rejection(
      runVirtual(() => checkHalfCloseableStream(make, make)),
    )) as ConformanceError;
    expect(error.message).toContain("checkHalfCloseableStream: this stream breaks");
    expect(error.message).toContain("- sendEof can be repeated");
    expect(error.message.split("\n- ")).toHaveLength(error.errors.length + 1);
  });
});

describe("the checks of streams", () => {
  it("reject what is no function", async () => {
    for (const check of [checkOneWayStream, checkTwoWayStream, checkHalfCloseableStream])
      expect(await rejection(check(undefined as never))).toBeInstanceOf(TypeError);
  });

  it("are cancelled between two rules", async () => {
    const scope = new CancelScope();
    scope.cancel();
    let made = 0;
    await scope.run(() =>
      checkOneWayStream(() => {
        made++;
        return memoryStreamPair();
      }),
    );
    expect([scope.cancelledCaught, made]).toEqual([true, 0]);
  });

  it("raise what the maker raises", async () => {
    const bug = new Error("bug");
    const error = (await rejection(
      checkOneWayStream(() => {
        throw bug;
      }),
    )) as ConformanceError;
    expect((error.errors[0] as Error).cause).toBe(bug);
  });
});
