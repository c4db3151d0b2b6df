import { BusyResourceError, Cancelled } from "@espalier/core";
import { BufferedReceiveStream, IncompleteReadError, LimitExceededError } from "@espalier/stream";
import { describe, expect, it } from "vitest";

import { decode, encode } from "./support/bytes.ts";
import { begin, fewTurns, inCancelledScope, rejection } from "./support/outcomes.ts";
import { ScriptedStream, wait } from "./support/scripted-stream.ts";

function reading(
  chunks: ConstructorParameters<typeof ScriptedStream>[0],
  maxBytes?: number,
): BufferedReceiveStream {
  return new BufferedReceiveStream(new ScriptedStream(chunks), maxBytes === undefined ? {} : { maxBytes });
}

async function allLines(stream: BufferedReceiveStream): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of stream.lines()) lines.push(line);
  return lines;
}

/** Every way to cut a text into chunks of these sizes. */
function cuts(text: string): string[][] {
  return [1, 2, 3, 5, text.length].map((size) => {
    const chunks: string[] = [];
    for (let i = 0; i < text.length; i += size) chunks.push(text.slice(i, i + size));
    return chunks;
  });
}

describe("BufferedReceiveStream.receiveExactly", () => {
  it("gives so many bytes, however they come", async () => {
    for (const chunks of cuts("abcdefghij")) {
      const stream = reading(chunks);
      expect(decode(await stream.receiveExactly(3))).toBe("abc");
      expect(decode(await stream.receiveExactly(0))).toBe("");
      expect(decode(await stream.receiveExactly(7))).toBe("defghij");
      expect(await stream.receiveExactly(1)).toBeUndefined();
      expect(await stream.receiveExactly(1)).toBeUndefined();
    }
  });

  it("raises IncompleteReadError with what came when the stream ends before", async () => {
    const error = await rejection(reading(["ab", "c"]).receiveExactly(4));
    expect(error).toBeInstanceOf(IncompleteReadError);
    expect(decode((error as IncompleteReadError).partial)).toBe("abc");
  });

  it("raises LimitExceededError beyond the limit, and takes nothing", async () => {
    const stream = reading(["abcdef"], 4);
    const error = await rejection(stream.receiveExactly(5));
    expect(error).toBeInstanceOf(LimitExceededError);
    expect((error as LimitExceededError).maxBytes).toBe(4);
    expect(decode(await stream.receiveExactly(4))).toBe("abcd");
  });

  it.each([-1, 0.5, NaN, Infinity])("rejects %s bytes", async (count) => {
    expect(await rejection(reading([]).receiveExactly(count))).toBeInstanceOf(RangeError);
  });
});

describe("BufferedReceiveStream.receiveUntil", () => {
  it("gives what comes before the delimiter, also where it is cut in two", async () => {
    for (const chunks of cuts("one\r\n\r\ntwo\r\n\r\n\r\n\r\n")) {
      const stream = reading(chunks);
      expect(decode(await stream.receiveUntil("\r\n\r\n"))).toBe("one");
      expect(decode(await stream.receiveUntil(encode("\r\n\r\n")))).toBe("two");
      expect(decode(await stream.receiveUntil("\r\n\r\n"))).toBe("");
      expect(await stream.receiveUntil("\r\n\r\n")).toBeUndefined();
    }
  });

  it("finds a delimiter that begins like what comes before it", async () => {
    for (const chunks of cuts("aaab!")) {
      const stream = reading(chunks);
      expect(decode(await stream.receiveUntil("aab"))).toBe("a");
      expect(decode(await stream.receiveSome())).toMatch(/^!/);
    }
  });

  it("raises IncompleteReadError when the stream ends without one", async () => {
    const error = await rejection(reading(["no end"]).receiveUntil("\n"));
    expect(error).toBeInstanceOf(IncompleteReadError);
    expect(decode((error as IncompleteReadError).partial)).toBe("no end");
  });

  it("holds to the limit to the byte", async () => {
    for (const chunks of cuts("1234\r\n12345\r\n")) {
      const stream = reading(chunks, 4);
      expect(decode(await stream.receiveUntil("\r\n"))).toBe("1234");
      expect(await rejection(stream.receiveUntil("\r\n"))).toBeInstanceOf(LimitExceededError);
      expect(await rejection(stream.receiveUntil("\r\n"))).toBeInstanceOf(LimitExceededError);
      expect(decode(await stream.receiveExactly(4))).toBe("1234"); // nothing was taken
    }
  });

  it("reads no further than the limit and one chunk", async () => {
    let given = 0;
    const endless = {
      receiveSome: async () => {
        given += 1000;
        return new Uint8Array(1000);
      },
    };
    const stream = new BufferedReceiveStream(endless as never, { maxBytes: 5000 });
    expect(await rejection(stream.receiveUntil("\n"))).toBeInstanceOf(LimitExceededError);
    expect(given).toBeLessThanOrEqual(6000);
  });

  it.each([5, null, undefined, [], {}])("rejects a delimiter that is no bytes: %s", async (delimiter) => {
    const stream = reading(["abc\x05def"]);
    const error = await rejection(stream.receiveUntil(delimiter as never));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain("a Uint8Array");
    expect(decode(await stream.receiveSome())).toBe("abc\x05def");
  });

  it("rejects an empty delimiter", async () => {
    expect(await rejection(reading(["x"]).receiveUntil(""))).toBeInstanceOf(RangeError);
  });
});

describe("BufferedReceiveStream.lines", () => {
  it("gives lines without their ends, the last one also unterminated", async () => {
    for (const chunks of cuts("one\ntwo\r\n\nfour\rstill four\nlast"))
      expect(await allLines(reading(chunks))).toEqual(["one", "two", "", "four\rstill four", "last"]);
    expect(await allLines(reading([]))).toEqual([]);
    expect(await allLines(reading(["\n"]))).toEqual([""]);
    expect(await allLines(reading(["x\n"]))).toEqual(["x"]);
    expect(await allLines(reading(["x\r"]))).toEqual(["x\r"]);
    expect(await allLines(reading(["x\r\r\n\r\n"]))).toEqual(["x\r", ""]);
  });

  it("does not count the end of a line for the limit", async () => {
    for (const chunks of cuts("12345\r\n12345\n1\r\n12345\r\n"))
      expect(await allLines(reading(chunks, 5))).toEqual(["12345", "12345", "1", "12345"]);
    for (const text of ["123456", "123456\n", "12345\r\r\n", "12345\rx", "123456\r\n"])
      for (const chunks of cuts(text))
        expect(await rejection(allLines(reading(chunks, 5)))).toBeInstanceOf(LimitExceededError);
  });

  it("puts characters together that come in two chunks", async () => {
    const bytes = encode("grün 🌳\nüber\n");
    const chunks = Array.from(bytes, (byte) => new Uint8Array([byte]));
    expect(await allLines(reading(chunks))).toEqual(["grün 🌳", "über"]);
  });

  it("drops a byte order mark at the beginning of the stream, and nowhere else", async () => {
    expect(await allLines(reading(["\uFEFFone\n\uFEFFtwo\n"]))).toEqual(["one", "\uFEFFtwo"]);
  });

  it("raises LimitExceededError at a line that is too long", async () => {
    const stream = reading(["ok\n", "much too long\n"], 5);
    const lines = stream.lines();
    expect(await lines.next()).toEqual({ done: false, value: "ok" });
    expect(await rejection(lines.next())).toBeInstanceOf(LimitExceededError);
  });

  it("can be left and taken up again", async () => {
    const stream = reading(["one\ntwo\nrest"]);
    for await (const line of stream.lines()) {
      expect(line).toBe("one");
      break;
    }
    expect(decode(await stream.receiveUntil("\n"))).toBe("two");
    expect(decode(await stream.receiveSome(2))).toBe("re");
    expect(decode(await stream.receiveSome())).toBe("st");
    expect(await stream.receiveSome()).toBeUndefined();
  });
});

describe("BufferedReceiveStream", () => {
  it("keeps what came when it is cancelled", async () => {
    const stream = reading(["ab", wait, "c", wait, "d", wait, "e\n"]);
    for (const read of [
      () => stream.receiveExactly(5),
      () => stream.receiveUntil("\n"),
      () => stream.lines().next(),
    ]) {
      const call = begin(read);
      await fewTurns();
      call.cancel();
      expect(await call.outcome).toMatchObject({ error: expect.any(Cancelled) });
      expect(await inCancelledScope(read)).toMatchObject({ error: expect.any(Cancelled) });
    }
    expect(decode(await stream.receiveUntil("\n"))).toBe("abcde");
  });

  it("is a checkpoint where everything is buffered already", async () => {
    const stream = reading(["abc\ndef\n"]);
    await stream.receiveExactly(1);
    for (const read of [
      () => stream.receiveExactly(1),
      () => stream.receiveUntil("\n"),
      () => stream.receiveSome(1),
      () => stream.lines().next(),
    ])
      expect(await inCancelledScope(read)).toMatchObject({ error: expect.any(Cancelled) });
    expect(decode(await stream.receiveUntil("\n"))).toBe("bc");
  });

  it("lets one task read at a time", async () => {
    const source = new ScriptedStream([wait]);
    const stream = new BufferedReceiveStream(source);
    const first = stream.receiveExactly(1);
    await fewTurns();
    expect(await rejection(stream.receiveSome())).toBeInstanceOf(BusyResourceError);
    source.add("x");
    expect(decode(await first)).toBe("x");
  });

  it("hands on the errors of the stream, and what it has stays", async () => {
    const bug = new Error("bug");
    const stream = reading(["ab", bug, "c"]);
    expect(await rejection(stream.receiveExactly(3))).toBe(bug);
    expect(decode(await stream.receiveExactly(3))).toBe("abc");
  });

  it("gives out copies: what was given does not change when more comes", async () => {
    const stream = reading(["abc", "def", "ghi"]);
    const first = (await stream.receiveExactly(2)) as Uint8Array;
    await stream.receiveExactly(5);
    expect(decode(first)).toBe("ab");
  });

  it("closes the stream below, and drops what it has", async () => {
    const source = new ScriptedStream(["abc"]);
    const stream = new BufferedReceiveStream(source);
    await stream.receiveExactly(1);
    await stream.aclose();
    expect(source.closed).toBe(true);
    expect(await stream.receiveSome()).toBeUndefined(); // of a stream whose end is not an error
  });

  it.each([0, -1, NaN, 1.5])("rejects maxBytes of %s", (maxBytes) => {
    expect(() => reading([], maxBytes)).toThrow(RangeError);
  });
});
