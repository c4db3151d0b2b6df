import {
  BrokenResourceError,
  checkpoint,
  ClosedResourceError,
  EndOfChannel,
  WouldBlock,
} from "@espalier/core";
import { park, type Parked, pass, refusal } from "@espalier/core/lowlevel";
import type { ReceiveChannelUnderTest, SendChannelUnderTest } from "@espalier/testing";

/** The ways in which the channel below can be wrong; without one it is right. */
export const flaws = [
  "gives the youngest item first",
  "serves the youngest receiver first",
  "serves the youngest sender first",
  "takes undefined for nothing",
  "loses the item of a receive that is cancelled late",
  "keeps a cancelled receiver in line",
  "keeps a cancelled sender in line",
  "sends in a cancelled scope",
  "receives in a cancelled scope",
  "lets sendNowait overtake",
  "lets receiveNowait overtake",
  "has room for one too many in send",
  "never waits in send",
  "is no checkpoint in send with room",
  "is no checkpoint in receive with an item",
  "is no checkpoint at the end of the loop",
  "does not wake receivers at the end",
  "does not wake senders when all receivers have gone",
  "does not wake who waits in a closed send end",
  "does not wake who waits in a closed receive end",
  "wakes who waits in other send ends too",
  "wakes who waits in other receive ends too",
  "drops what is buffered at the end",
  "does not hand the item back",
  "counts a second close",
  "clones a closed end",
  "throws where it should reject",
  "raises at the end of the loop",
  "closes when a loop is left",
  "does not close on disposal",
  "waits for something foreign",
] as const;

export type Flaw = (typeof flaws)[number];

interface Waiting<T> {
  readonly end: object;
  readonly item?: unknown;
  readonly operation: Parked<T>;
}

const nothing = Symbol("nothing");
const theEnd = Symbol("the end");

/** A memory channel as one would write it on an afternoon, in arrays; with a flaw if wanted. */
export function openArrayChannel(
  capacity: number,
  flaw?: Flaw,
): [SendChannelUnderTest, ReceiveChannelUnderTest] {
  const has = (which: Flaw): boolean => which === flaw;
  const buffer: unknown[] = [];
  const senders: Waiting<void>[] = [];
  const receivers: Waiting<unknown>[] = [];
  let sendEnds = 0;
  let receiveEnds = 0;

  const nextReceiver = (): Waiting<unknown> | undefined =>
    has("serves the youngest receiver first") ? receivers.pop() : receivers.shift();
  const nextSender = (): Waiting<void> | undefined =>
    has("serves the youngest sender first") ? senders.pop() : senders.shift();

  const offer = (item: unknown, room: number): boolean => {
    if (!has("lets receiveNowait overtake")) {
      const receiver = nextReceiver();
      if (receiver !== undefined) {
        receiver.operation.resume(item);
        return true;
      }
    }
    if (buffer.length >= (receivers.length > 0 ? room + 1 : room)) return false;
    buffer.push(item);
    if (has("lets receiveNowait overtake")) nextReceiver()?.operation.resume(nothing); // to look for itself
    return true;
  };

  const take = (): unknown => {
    if (buffer.length > 0) {
      const item = has("gives the youngest item first") ? buffer.pop() : buffer.shift();
      if (!has("lets sendNowait overtake")) refill();
      else queueMicrotask(refill);
      return item === undefined && has("takes undefined for nothing") ? nothing : item;
    }
    const sender = nextSender();
    if (sender !== undefined) {
      sender.operation.resume();
      return sender.item;
    }
    return sendEnds === 0 ? theEnd : nothing;
  };

  const refill = (): void => {
    if (buffer.length >= capacity) return;
    const sender = nextSender();
    if (sender === undefined) return;
    buffer.push(sender.item);
    sender.operation.resume();
  };

  const enlist = <T>(line: Waiting<T>[], end: object, stays: boolean, item?: unknown): Promise<T> => {
    if (has("waits for something foreign")) return new Promise<never>(() => undefined);
    const operation = park<T>("array channel", () => {
      if (!stays) line.splice(line.indexOf(waiting), 1);
    });
    const waiting: Waiting<T> = { end, item, operation };
    if (operation.pending) line.push(waiting);
    return operation.promise;
  };

  const failAll = <T>(
    line: Waiting<T>[],
    which: (waiting: Waiting<T>) => boolean,
    make: (item: unknown) => Error,
  ): void => {
    for (const waiting of line.filter(which)) {
      line.splice(line.indexOf(waiting), 1);
      waiting.operation.fail(make(waiting.item));
    }
  };

  const broken = (item: unknown): Error =>
    new BrokenResourceError("no receivers", has("does not hand the item back") ? {} : { unsent: item });
  const closedError = (): Error => new ClosedResourceError("closed");
  const fail = (error: Error): Promise<never> => {
    if (has("throws where it should reject")) throw error;
    return Promise.reject(error);
  };

  class Send implements SendChannelUnderTest {
    private closed = false;
    constructor() {
      sendEnds++;
    }
    send(item: unknown): Promise<void> {
      const denied = has("sends in a cancelled scope") ? undefined : refusal();
      if (denied !== undefined) return denied;
      if (this.closed) return fail(closedError());
      if (receiveEnds === 0) return fail(broken(item));
      const room = has("never waits in send")
        ? Infinity
        : has("has room for one too many in send")
          ? capacity + 1
          : capacity;
      if (offer(item, room)) return has("is no checkpoint in send with room") ? Promise.resolve() : pass();
      return enlist(senders, this, has("keeps a cancelled sender in line"), item);
    }
    sendNowait(item: unknown): void {
      if (this.closed) throw closedError();
      if (receiveEnds === 0) throw broken(item);
      if (!offer(item, capacity)) throw new WouldBlock("full");
    }
    clone(): Send {
      if (this.closed && !has("clones a closed end")) throw closedError();
      return new Send();
    }
    close(): void {
      if (this.closed && !has("counts a second close")) return;
      this.closed = true;
      sendEnds--;
      if (!has("does not wake who waits in a closed send end"))
        failAll(
          senders,
          ({ end }) => end === this || has("wakes who waits in other send ends too"),
          closedError,
        );
      if (sendEnds > 0) return;
      if (has("drops what is buffered at the end")) buffer.length = 0;
      if (!has("does not wake receivers at the end"))
        for (const { operation } of receivers.splice(0)) operation.resume(theEnd);
    }
    [Symbol.dispose](): void {
      if (!has("does not close on disposal")) this.close();
    }
  }

  class Receive implements ReceiveChannelUnderTest {
    private closed = false;
    constructor() {
      receiveEnds++;
    }
    receive(): Promise<unknown> {
      if (!has("receives in a cancelled scope")) {
        const denied = refusal();
        if (denied !== undefined) return denied;
      }
      if (this.closed) return fail(closedError());
      return this.receiveOrEnd().then((item) => {
        if (item === theEnd) throw new EndOfChannel("the end");
        return item;
      });
    }
    private async receiveOrEnd(): Promise<unknown> {
      let item = take();
      if (item !== nothing && !has("is no checkpoint in receive with an item")) await pass();
      while (item === nothing) {
        item = await enlist(receivers, this, has("keeps a cancelled receiver in line"));
        if (item === nothing) item = take();
      }
      if (has("loses the item of a receive that is cancelled late")) await checkpoint();
      return item;
    }
    receiveNowait(): unknown {
      if (this.closed) throw closedError();
      const item = take();
      if (item === theEnd) throw new EndOfChannel("the end");
      if (item === nothing) throw new WouldBlock("empty");
      return item;
    }
    clone(): Receive {
      if (this.closed && !has("clones a closed end")) throw closedError();
      return new Receive();
    }
    close(): void {
      if (this.closed && !has("counts a second close")) return;
      this.closed = true;
      receiveEnds--;
      if (!has("does not wake who waits in a closed receive end"))
        failAll(
          receivers,
          ({ end }) => end === this || has("wakes who waits in other receive ends too"),
          closedError,
        );
      if (receiveEnds > 0) return;
      buffer.length = 0;
      if (!has("does not wake senders when all receivers have gone")) failAll(senders, () => true, broken);
    }
    [Symbol.dispose](): void {
      if (!has("does not close on disposal")) this.close();
    }
    [Symbol.asyncIterator](): AsyncIterator<unknown, undefined> {
      return {
        next: async () => {
          if (has("is no checkpoint at the end of the loop") && sendEnds === 0 && buffer.length === 0)
            return { done: true, value: undefined };
          try {
            return { done: false, value: await this.receive() };
          } catch (error) {
            if (!(error instanceof EndOfChannel) || has("raises at the end of the loop")) throw error;
            return { done: true, value: undefined };
          }
        },
        ...(has("closes when a loop is left") && {
          return: async () => {
            this.close();
            return { done: true as const, value: undefined };
          },
        }),
      };
    }
  }

  return [new Send(), new Receive()];
}
