import { BrokenResourceError, BusyResourceError, ClosedResourceError } from "@espalier/core";
import { park, type Parked, pass, quietly, refusal } from "@espalier/core/lowlevel";
import type { ReceiveStream, SendStream } from "@espalier/stream";
import { dispose } from "./dispose.ts";

/**
 * One direction of a stream, in memory. The sender waits while more than `room` bytes have not been received: with a room of
 * `Infinity` never, with none until every byte is taken, which is as slow as a wire can be.
 *
 *     event \ sending half   open                       broken                 closed
 *     sendAll                bytes go in                BrokenResourceError    ClosedResourceError
 *     sendEof                -> ended                   BrokenResourceError    ClosedResourceError
 *     send is cancelled      -> broken, rest dropped    -                      -
 *     closed by its side     -> closed                  -> closed              nothing
 *     receiver closes        -> broken                  nothing                nothing
 *
 * Ended is like closed, but sendEof does nothing. The receiving half gives what is there, and then, once the sending half is
 * ended or closed, the end.
 */
export class MemoryPipe {
  readonly #room: number;
  #sending: "open" | "ended" | "broken" | "closed" = "open";
  #receiverClosed = false;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** Whoever waits for room. At most one: see `#claimSender`. */
  #sender: Parked<void> | undefined = undefined;
  /** What the sender waits for. */
  #senderIsContent: () => boolean = () => true;
  #receiver: Parked<Uint8Array | undefined> | undefined = undefined;
  #receiverMax = Infinity;
  readonly sendStream: SendStream;
  readonly receiveStream: ReceiveStream;

  constructor(room: number) {
    this.#room = room;
    this.sendStream = new PipeSendStream(this);
    this.receiveStream = new PipeReceiveStream(this);
  }

  async sendAll(bytes: Uint8Array): Promise<void> {
    if (!(bytes instanceof Uint8Array)) throw new TypeError("sendAll needs a Uint8Array.");
    const denied = refusal();
    if (denied !== undefined) return denied;
    this.#claimSender();
    if (bytes.length > 0) {
      this.#held.push(new Uint8Array(bytes)); // a copy: the caller may use its array again
      this.#heldBytes += bytes.length;
      this.#serveReceiver();
    }
    await this.#waitUntil("memoryStream.sendAll", () => this.#heldBytes <= this.#room, this.#break);
  }

  async waitSendAllMightNotBlock(): Promise<void> {
    const denied = refusal();
    if (denied !== undefined) return denied;
    this.#claimSender();
    const mightNotBlock = (): boolean => this.#room > 0 || this.#receiver !== undefined;
    await this.#waitUntil("memoryStream.waitSendAllMightNotBlock", mightNotBlock, () => undefined);
  }

  async sendEof(): Promise<void> {
    const denied = refusal();
    if (denied !== undefined) return denied;
    if (this.#sending !== "ended") {
      this.#claimSender();
      this.#sending = "ended";
      if (this.#heldBytes === 0) this.#takeReceiver()?.resume(undefined);
    }
    return pass();
  }

  async closeSending(): Promise<void> {
    if (this.#sending !== "closed") {
      this.#sending = "closed";
      this.#takeSender()?.fail(new ClosedResourceError("This side has closed the stream."));
      if (this.#heldBytes === 0) this.#takeReceiver()?.resume(undefined);
    }
    await (refusal() ?? pass());
  }

  async receiveSome(max?: number): Promise<Uint8Array | undefined> {
    if (max !== undefined && typeof max !== "number")
      throw new TypeError(`receiveSome needs a number of bytes, not a ${typeof max}.`);
    if (max !== undefined && max !== Infinity && !(Number.isInteger(max) && max >= 1))
      throw new RangeError(`receiveSome needs a number of bytes of 1 or more, not ${max}.`);
    const denied = refusal();
    if (denied !== undefined) return denied;
    if (this.#receiverClosed) throw new ClosedResourceError("This side has closed the stream.");
    if (this.#receiver !== undefined) throw new BusyResourceError("Another task is already receiving.");
    if (this.#heldBytes > 0) return pass(this.#take(max ?? Infinity));
    if (this.#sending === "closed" || this.#sending === "ended")
      return pass<Uint8Array | undefined>(undefined);
    const receiver = park<Uint8Array | undefined>("memoryStream.receiveSome", () => this.#takeReceiver());
    if (receiver.pending) {
      this.#receiver = receiver;
      this.#receiverMax = max ?? Infinity;
      this.#serveSender(); // it may have waited for a receiver
    }
    return receiver.promise;
  }

  async closeReceiving(): Promise<void> {
    if (!this.#receiverClosed) {
      this.#receiverClosed = true;
      this.#drop();
      this.#takeReceiver()?.fail(new ClosedResourceError("This side has closed the stream."));
      if (this.#sending === "open") this.#sending = "broken";
      this.#takeSender()?.fail(new BrokenResourceError("The other side has closed the stream."));
    }
    await (refusal() ?? pass());
  }

  /** Throws unless the caller may send now. */
  #claimSender(): void {
    if (this.#sending === "closed") throw new ClosedResourceError("This side has closed the stream.");
    if (this.#sending === "ended") throw new ClosedResourceError("This side has called sendEof().");
    if (this.#sending === "broken")
      throw new BrokenResourceError("The other side has closed the stream, or a send was cancelled.");
    if (this.#sender !== undefined) throw new BusyResourceError("Another task is already sending.");
  }

  async #waitUntil(label: string, isContent: () => boolean, onAbort: () => void): Promise<void> {
    if (isContent()) return pass();
    const sender = park<void>(label, () => {
      this.#takeSender();
      onAbort();
    });
    if (sender.pending) {
      this.#sender = sender;
      this.#senderIsContent = isContent;
    }
    return sender.promise;
  }

  /** What the sender had still to hand over is dropped with it: after half a message nothing may follow. */
  readonly #break = (): void => {
    this.#sending = "broken";
    this.#drop();
  };

  #drop(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }

  #serveReceiver(): void {
    const max = this.#receiverMax;
    const receiver = this.#takeReceiver();
    if (receiver !== undefined) receiver.resume(this.#take(max));
  }

  #serveSender(): void {
    if (this.#sender !== undefined && this.#senderIsContent()) this.#takeSender()?.resume();
  }

  #take(max: number): Uint8Array {
    const first = this.#held[0] as Uint8Array;
    const taken = first.subarray(0, max);
    if (taken.length === first.length) this.#held.shift();
    else this.#held[0] = first.subarray(taken.length);
    this.#heldBytes -= taken.length;
    this.#serveSender();
    return taken;
  }

  #takeSender(): Parked<void> | undefined {
    const sender = this.#sender;
    this.#sender = undefined;
    return sender;
  }

  #takeReceiver(): Parked<Uint8Array | undefined> | undefined {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    return receiver;
  }
}

class PipeSendStream implements SendStream {
  readonly #pipe: MemoryPipe;

  constructor(pipe: MemoryPipe) {
    this.#pipe = pipe;
  }

  sendAll(bytes: Uint8Array): Promise<void> {
    return quietly(() => this.#pipe.sendAll(bytes));
  }

  waitSendAllMightNotBlock(): Promise<void> {
    return quietly(() => this.#pipe.waitSendAllMightNotBlock());
  }

  sendEof(): Promise<void> {
    return quietly(() => this.#pipe.sendEof());
  }

  aclose(): Promise<void> {
    return quietly(() => this.#pipe.closeSending());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return dispose(this);
  }
}

class PipeReceiveStream implements ReceiveStream {
  readonly #pipe: MemoryPipe;

  constructor(pipe: MemoryPipe) {
    this.#pipe = pipe;
  }

  receiveSome(max?: number): Promise<Uint8Array | undefined> {
    return quietly(() => this.#pipe.receiveSome(max));
  }

  aclose(): Promise<void> {
    return quietly(() => this.#pipe.closeReceiving());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return dispose(this);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: () =>
        quietly(async () => {
          const value = await this.receiveSome();
          return value === undefined ? { done: true, value } : { done: false, value };
        }),
    };
  }
}
