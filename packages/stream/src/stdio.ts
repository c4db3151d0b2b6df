import { dispose } from "./async-resource.ts";
import { chunksOf } from "./chunks-of.ts";
import type { ReceiveStream, SendStream } from "./contracts.ts";
import { NodeReceiver } from "./node-receiver.ts";
import { NodeSender } from "./node-sender.ts";
import { pass, refusal } from "@espalier/core/lowlevel";

/*
 * The process's own streams. They are taken hold of when they are first used: a program that never reads its stdin must not
 * be kept alive by it, and importing this package must not touch it.
 */

class Stdin implements ReceiveStream {
  #receiver: NodeReceiver | undefined = undefined;

  receiveSome(max?: number): Promise<Uint8Array | undefined> {
    // Not eagerly: a stdin that flows while nobody waits would keep the process alive.
    this.#receiver ??= new NodeReceiver(process.stdin, { eager: false });
    return this.#receiver.receiveSome(max);
  }

  aclose(): Promise<void> {
    this.#receiver ??= new NodeReceiver(process.stdin, { eager: false });
    this.#receiver.close();
    process.stdin.destroy();
    return refusal() ?? pass();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return dispose(this);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return chunksOf(this);
  }
}

/** Output is not closed with its stream: `console.log`, and the last words of the process, still need it. */
class Stdout implements SendStream {
  readonly #name: "stdout" | "stderr";
  #sender: NodeSender | undefined = undefined;

  constructor(name: "stdout" | "stderr") {
    this.#name = name;
  }

  sendAll(bytes: Uint8Array): Promise<void> {
    return this.#open().sendAll(bytes);
  }

  waitSendAllMightNotBlock(): Promise<void> {
    return this.#open().waitSendAllMightNotBlock();
  }

  aclose(): Promise<void> {
    this.#open().close();
    return refusal() ?? pass();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return dispose(this);
  }

  #open(): NodeSender {
    this.#sender ??= new NodeSender(process[this.#name]);
    return this.#sender;
  }
}

/** The standard input of the process. Waiting for it keeps the process alive; nothing else here does. */
export const stdin: ReceiveStream = /* @__PURE__ */ new Stdin();

/** The standard output of the process. Closing it only ends our use of it. */
export const stdout: SendStream = /* @__PURE__ */ new Stdout("stdout");

/** The standard error output of the process. Closing it only ends our use of it. */
export const stderr: SendStream = /* @__PURE__ */ new Stdout("stderr");
