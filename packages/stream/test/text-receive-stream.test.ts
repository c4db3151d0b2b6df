import { Cancelled } from "@espalier/core";
import { TextReceiveStream } from "@espalier/stream";
import { describe, expect, it } from "vitest";

import { encode } from "./support/bytes.ts";
import { begin, fewTurns, inCancelledScope, rejection } from "./support/outcomes.ts";
import { ScriptedStream, wait } from "./support/scripted-stream.ts";

describe("TextReceiveStream", () => {
  it("puts characters together that come in two chunks, and never gives an empty string", async () => {
    const bytes = encode("für 🌳!");
    const stream = new TextReceiveStream(
      new ScriptedStream(Array.from(bytes, (byte) => new Uint8Array([byte]))),
    );
    const parts: string[] = [];
    for await (const part of stream) parts.push(part);
    expect(parts).toEqual(["f", "ü", "r", " ", "🌳", "!"]);
    expect(await stream.receiveSome()).toBeUndefined();
  });

  it("replaces bytes that are no text, also half a character at the end", async () => {
    const stream = new TextReceiveStream(
      new ScriptedStream([new Uint8Array([0x61, 0xff]), new Uint8Array([0xc3])]),
    );
    expect(await stream.receiveSome()).toBe("a\uFFFD");
    expect(await stream.receiveSome()).toBe("\uFFFD");
    expect(await stream.receiveSome()).toBeUndefined();
    expect(await stream.receiveSome()).toBeUndefined();
  });

  it("raises at them with fatal", async () => {
    const stream = new TextReceiveStream(new ScriptedStream([new Uint8Array([0xff])]), { fatal: true });
    expect(await rejection(stream.receiveSome())).toBeInstanceOf(TypeError);
  });

  it("knows other encodings, and rejects those that it does not", async () => {
    const stream = new TextReceiveStream(new ScriptedStream([new Uint8Array([0xfc])]), {
      encoding: "latin1",
    });
    expect(await stream.receiveSome()).toBe("ü");
    expect(() => new TextReceiveStream(new ScriptedStream([]), { encoding: "no-such" })).toThrow(RangeError);
  });

  it("loses nothing when it is cancelled, in the middle of a character too", async () => {
    const [first, second] = [encode("ü").slice(0, 1), encode("ü").slice(1)];
    const stream = new TextReceiveStream(new ScriptedStream([first, wait, second]));
    const call = begin(() => stream.receiveSome());
    await fewTurns();
    call.cancel();
    expect(await call.outcome).toMatchObject({ error: expect.any(Cancelled) });
    expect(await inCancelledScope(() => stream.receiveSome())).toMatchObject({
      error: expect.any(Cancelled),
    });
    expect(await stream.receiveSome()).toBe("ü");
  });

  it("closes the stream below", async () => {
    const source = new ScriptedStream(["x"]);
    await new TextReceiveStream(source)[Symbol.asyncDispose]();
    expect(source.closed).toBe(true);
  });
});
