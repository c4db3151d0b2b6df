import { type SendStream, StapledStream } from "@espalier/stream";
import { describe, expect, it } from "vitest";

import { decode, encode } from "./support/bytes.ts";
import { rejection } from "./support/outcomes.ts";
import { ScriptedStream } from "./support/scripted-stream.ts";

class Recorder implements SendStream {
  readonly log: string[] = [];
  readonly closing: () => Promise<void>;
  constructor(closing: () => Promise<void> = async () => undefined) {
    this.closing = closing;
  }
  async sendAll(bytes: Uint8Array): Promise<void> {
    this.log.push(decode(bytes) as string);
  }
  async waitSendAllMightNotBlock(): Promise<void> {
    this.log.push("wait");
  }
  async aclose(): Promise<void> {
    this.log.push("closed");
    await this.closing();
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.aclose();
  }
}

describe("StapledStream", () => {
  it("hands each call to its half", async () => {
    const send = new Recorder();
    const stream = new StapledStream(send, new ScriptedStream(["answer"]));
    await stream.waitSendAllMightNotBlock();
    await stream.sendAll(encode("question"));
    for await (const chunk of stream) expect(decode(chunk)).toBe("answer");
    await stream.sendEof();
    expect(send.log).toEqual(["wait", "question", "closed"]);
  });

  it("uses the sendEof of a sending half that has one", async () => {
    const log: string[] = [];
    const send = Object.assign(new Recorder(), { sendEof: async () => void log.push("eof") });
    await new StapledStream(send, new ScriptedStream([])).sendEof();
    expect([log, send.log]).toEqual([["eof"], []]);
  });

  it("closes both, also when the first one fails", async () => {
    const bug = new Error("bug");
    const receive = new ScriptedStream([]);
    const stream = new StapledStream(new Recorder(() => Promise.reject(bug)), receive);
    expect(await rejection(stream.aclose())).toBe(bug);
    expect(receive.closed).toBe(true);
  });
});
