import { ambient, runIn } from "@espalier/core/lowlevel";
import type { Guard } from "@espalier/sync";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { Call } from "./call.ts";
import {
  type CallWords,
  makeCallWords,
  markCancelled,
  markQueued,
  nextId,
  noticeAnswer,
  revoke,
  SLOTS,
  slotOf,
} from "./call-words.ts";
import { cloneableOf } from "./carry-store.ts";
import { decodeError, encodeError } from "./error-codec.ts";
import type { Lane } from "./lane.ts";
import {
  ANSWER,
  ASK,
  CALL,
  type CallExtras,
  CANCEL,
  type FromThreadMessage,
  READY,
  RETURNED,
  THREW,
  type ThreadBirth,
  type ToThreadMessage,
  UNREADABLE,
} from "./messages.ts";
import { NotCloneableError } from "./thread-errors.ts";
import { died, unreadable, warn } from "./thread-accidents.ts";
import type { Target } from "./target.ts";
import { transfersOf } from "./transfer.ts";

/**
 * The program of a thread. Run from sources (the tests of this repository), it is the one that was built, without the flags
 * that lead to the sources: not every Node can run TypeScript in a thread.
 */
const fromSources = import.meta.url.endsWith(".ts");
const program = new URL(fromSources ? "../dist/thread-program.js" : "./thread-program.js", import.meta.url);

/** So many messages are taken at once, before others get their turn. */
const messagesPerTurn = 64;

/** What the pool wants to hear of its threads. */
export interface ThreadOwner {
  /** The thread is gone. `strays` had been sent to it and never began. */
  threadEnded(thread: PoolThread, strays: readonly Call[]): void;
}

/** Where a thread is in its life. Changed only in this file. */
type Life =
  /** Its program has not told yet that it runs. */
  | { readonly kind: "starting" }
  | { readonly kind: "running" }
  /** It was told to end. */
  | { readonly kind: "ending" }
  | { readonly kind: "ended" };

/** One worker thread, seen from the side that calls into it. */
export class PoolThread {
  /** Calls that were sent and have not ended, in that order: the first runs, or is about to. */
  readonly calls: Call[] = [];
  /** Whose calls it runs, and its token there; `undefined` while it is idle. Written by lane.ts. */
  lane: Lane | undefined = undefined;
  token: Guard | undefined = undefined;
  /** When it last told something, on `performance.now()`. */
  lastHeard = 0;
  /** Ends it when it has been idle for long. Written by thread-pool.ts. */
  idleTimer: NodeJS.Timeout | undefined = undefined;
  readonly #owner: ThreadOwner;
  readonly #words: CallWords = makeCallWords();
  readonly #worker: Worker;
  readonly #port: MessagePort;
  /** The call in each slot, and the last id that the slot had. */
  readonly #slots: (Call | undefined)[] = new Array<Call | undefined>(SLOTS).fill(undefined);
  readonly #ids: number[] = Array.from({ length: SLOTS }, (_, slot) => slot);
  readonly #toldTargets = new Set<Target>();
  #life: Life = { kind: "starting" };
  /** An error that nobody in the thread caught. */
  #crash: unknown = undefined;
  /** How many of `calls` have a caller who waits: these keep the process alive. */
  #awaited = 0;
  /** A new worker does. */
  #keepsAlive = true;

  constructor(owner: ThreadOwner) {
    this.#owner = owner;
    const { port1, port2 } = new MessageChannel();
    const workerData: ThreadBirth = { port: port2, words: this.#words };
    const options = { workerData, transferList: [port2], ...(fromSources ? { execArgv: [] } : {}) };
    this.#port = port1;
    // Outside every scope: the listeners live as long as the thread, not as long as the call that it was made for.
    this.#worker = runIn(ambient.root, () => new Worker(program, options));
    runIn(ambient.root, () => this.#listen());
    this.#setKeepAlive(false);
  }

  /** Whether another call may be sent to it. */
  get usable(): boolean {
    return (this.#life.kind === "starting" || this.#life.kind === "running") && this.calls.length < SLOTS;
  }

  /** Whether what it runs was given up by its caller, or is being ended: nothing should be sent after that. */
  get blocked(): boolean {
    const running = this.calls[0];
    return running !== undefined && (running.abandoned || running.late !== undefined);
  }

  /** Sends a call. An error says that it cannot be sent at all; then it was not. */
  send(call: Call): NotCloneableError | undefined {
    const slot = this.#slots.indexOf(undefined);
    const id = nextId(this.#ids[slot] as number);
    const { target, args, callbacks, stores, transfer } = call.parts;
    const definition = this.#toldTargets.has(target) ? undefined : { url: target.url, name: target.name };
    let extras: CallExtras | undefined;
    if (definition !== undefined || callbacks !== undefined || stores !== undefined)
      extras = { definition, callbacks: callbacks && [...callbacks.keys()], stores };
    markQueued(this.#words, id);
    try {
      this.#postCall(id, target, args, extras, transfer);
    } catch (error) {
      revoke(this.#words, id);
      return new NotCloneableError(
        `The arguments of "${target.name}" cannot be sent to a thread: ${(error as Error).message}. Send plain data; a ` +
          "function has to be an argument of its own, not part of another one.",
        { cause: error },
      );
    }
    this.#toldTargets.add(target);
    this.#ids[slot] = id;
    this.#slots[slot] = call;
    if (this.calls.length === 0) this.lastHeard = performance.now();
    this.calls.push(call);
    call.wasSent(this, id);
    this.#awaited++;
    this.#setKeepAlive(true);
    return undefined;
  }

  #postCall(
    id: number,
    target: Target,
    args: readonly unknown[],
    extras: CallExtras | undefined,
    transfer: Call["parts"]["transfer"],
  ): void {
    if (extras === undefined && transfer.length === 0) {
      this.#port.postMessage([CALL, id, target.number, args]);
      return;
    }
    try {
      this.#port.postMessage([CALL, id, target.number, args, extras], transfer);
    } catch (error) {
      if (extras?.stores === undefined) throw error;
      const stores = cloneableOf(extras.stores);
      this.#port.postMessage([CALL, id, target.number, args, { ...extras, stores }], transfer);
    }
  }

  /** Takes a call back that has not begun. False if it has. */
  takeBack(call: Call): boolean {
    if (call.place.kind !== "sent" || !revoke(this.#words, call.place.id)) return false;
    this.#forget(call);
    call.wasTakenBack();
    return true;
  }

  /** Takes back all that have not begun. */
  takeBackAll(): Call[] {
    return [...this.calls].filter((call) => this.takeBack(call));
  }

  /** Tells a call that has begun that it was cancelled. */
  tellCancelled(call: Call, cancelled: unknown): void {
    if (call.place.kind !== "sent") return;
    const { id } = call.place;
    this.#post([CANCEL, id, encodeError(cancelled)]);
    markCancelled(this.#words, id);
    if (call.abandoned) this.#awaited--;
    this.lane?.isBlocked(this);
    this.letProcessEnd();
  }

  /** Ends the thread, whatever it does. Its calls end when it is gone. */
  terminate(): void {
    if (this.#life.kind === "ending" || this.#life.kind === "ended") return;
    this.#life = { kind: "ending" };
    void this.#worker.terminate();
  }

  #post(message: ToThreadMessage): void {
    this.#port.postMessage(message);
  }

  #listen(): void {
    this.#port.on("message", (first: FromThreadMessage) => {
      let message: FromThreadMessage | undefined = first;
      // One event for many messages: each event costs more than the message.
      for (let taken = 0; message !== undefined; taken++) {
        this.#receive(message);
        message = taken < messagesPerTurn ? this.#next() : undefined;
      }
    });
    this.#port.on("messageerror", () => {
      const running = this.calls[0];
      if (running !== undefined) this.#failed(running, unreadable("The result", running));
    });
    this.#worker.on("error", (error: unknown) => (this.#crash = error));
    // Not at once: Deno tells from inside terminate(), which may have been called by a callback that goes on.
    this.#worker.on("exit", (code: number) => queueMicrotask(() => this.#ended(code)));
  }

  #next(): FromThreadMessage | undefined {
    return (receiveMessageOnPort(this.#port) as { message: FromThreadMessage } | undefined)?.message;
  }

  #receive(message: FromThreadMessage): void {
    this.lastHeard = performance.now();
    switch (message[0]) {
      case READY:
        if (this.#life.kind === "starting") this.#life = { kind: "running" };
        return;
      case UNREADABLE: {
        const oldest = this.calls.find((call) => this.takeBack(call));
        if (oldest !== undefined) this.#failed(oldest, unreadable("An argument", oldest));
        return;
      }
      case ASK: {
        const [, id, callback, args] = message;
        const call = this.#callOf(id);
        call?.callBack(callback, args, (good, result) => this.#answer(call, good, result));
        return;
      }
      case RETURNED: {
        const call = this.#callOf(message[1]);
        if (call === undefined) return;
        this.#forget(call);
        call.succeed(message[2]);
        this.lane?.hasRoom(this);
        return;
      }
      case THREW: {
        const call = this.#callOf(message[1]);
        if (call !== undefined) this.#failed(call, decodeError(message[2], call.crossings));
        return;
      }
    }
  }

  /** The call of that id; `undefined` if it has ended, with its thread: Deno may bring the last messages after the exit. */
  #callOf(id: number): Call | undefined {
    const call = this.#slots[slotOf(id)];
    return call?.place.kind === "sent" && call.place.id === id ? call : undefined;
  }

  #failed(call: Call, error: unknown): void {
    this.#forget(call);
    call.fail(error);
    this.lane?.hasRoom(this);
  }

  #answer(call: Call, good: boolean, result: unknown): void {
    if (this.#life.kind === "ended") return;
    try {
      if (good) {
        this.#port.postMessage([ANSWER, true, result], transfersOf(result));
      } else {
        const index = call.crossings.keep(result);
        this.#post([ANSWER, false, encodeError(result, call.crossings), index]);
      }
    } catch (error) {
      const told = new NotCloneableError(
        `What a callback of "${call.parts.target.name}" returned cannot be sent to the thread: ${(error as Error).message}.`,
        { cause: error },
      );
      this.#post([ANSWER, false, encodeError(told)]);
    }
    noticeAnswer(this.#words);
  }

  #forget(call: Call): void {
    if (call.place.kind !== "sent") return;
    this.#slots[slotOf(call.place.id)] = undefined;
    if (this.calls[0] === call) this.calls.shift();
    else this.calls.splice(this.calls.indexOf(call), 1);
    if (!call.abandoned) this.#awaited--;
  }

  #ended(exitCode: number): void {
    const terminated = this.#life.kind === "ending";
    const started = this.#life.kind !== "starting";
    this.#life = { kind: "ended" };
    for (let last = this.#next(); last !== undefined; last = this.#next()) this.#receive(last);
    this.#port.close();
    const strays = started ? this.takeBackAll() : [];
    if (this.calls.length === 0 && this.#crash !== undefined) warn(this.#crash);
    for (const call of [...this.calls]) {
      this.#forget(call);
      if (terminated) call.wasTerminated();
      else call.fail(died(call, exitCode, this.#crash, started));
    }
    this.#owner.threadEnded(this, strays);
  }

  /** Lets the process end if nobody waits for this thread any more. */
  letProcessEnd(): void {
    if (this.#awaited === 0) this.#setKeepAlive(false);
  }

  #setKeepAlive(wanted: boolean): void {
    if (this.#keepsAlive === wanted || this.#life.kind === "ended") return;
    this.#keepsAlive = wanted;
    if (wanted) {
      this.#worker.ref();
      this.#port.ref();
    } else {
      this.#worker.unref();
      this.#port.unref();
    }
  }
}
