import { ambient, runIn } from "@espalier/core/lowlevel";
import type { Guard } from "@espalier/sync";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { Call } from "./call.ts";
import { noticeAnswer } from "./call-words.ts";
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
import { nextMessage, UNREADABLE_MESSAGE } from "./next-message.ts";
import { SentCalls } from "./sent-calls.ts";
import { cloneRefusal, NotCloneableError } from "./thread-errors.ts";
import { couldNotStart, type Crash, died, unreadable, warn } from "./thread-accidents.ts";
import type { Target } from "./target.ts";
import { transfersOf } from "./transfer.ts";

/**
 * The program of a thread. Run from sources (the tests of this repository), it is the one that was built, without the flags
 * that lead to the sources: not every Node can run TypeScript in a thread.
 */
const fromSources = import.meta.url.endsWith(".ts");
const program = new URL(fromSources ? "../dist/thread-program.js" : "./thread-program.js", import.meta.url);

/** A program that was given as text (`node --input-type=module -e ...`): threads do not take the flag. */
const fromText = process.execArgv.some((flag) => flag.startsWith("--input-type"));

/** So many messages are taken at once, before others get their turn. */
const messagesPerTurn = 64;

/** What the pool wants to hear of its threads. */
export interface ThreadOwner {
  /** The thread is gone. `strays` had been sent to it and never began. */
  threadEnded(thread: PoolThread, strays: readonly Call[]): void;
}

/** Where a thread is in its life. Changed only in this file. */
type Life =
  | "alive"
  /** It was told to end. */
  | "ending"
  | "ended";

/** One worker thread, seen from the side that calls into it. */
export class PoolThread {
  /** Whose calls it runs, and its token there; `undefined` while it is idle. Written by lane.ts. */
  lane: Lane | undefined = undefined;
  token: Guard | undefined = undefined;
  /** When it last told something, on `performance.now()`. */
  lastHeard = 0;
  /** Ends it when it has been idle for long. Written by thread-pool.ts. */
  idleTimer: NodeJS.Timeout | undefined = undefined;
  readonly #owner: ThreadOwner;
  readonly #sent = new SentCalls();
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #toldTargets = new Set<Target>();
  #life: Life = "alive";
  /** Whether its program has told that it runs. Never unset. */
  #started = false;
  /** An error that nobody in the thread caught. */
  #crash: Crash | undefined = undefined;
  /** A new worker does. */
  #keepsAlive = true;

  constructor(owner: ThreadOwner) {
    this.#owner = owner;
    const { port1, port2 } = new MessageChannel();
    const workerData: ThreadBirth = { port: port2, words: this.#sent.words };
    const options = {
      workerData,
      transferList: [port2],
      ...(fromSources || fromText ? { execArgv: [] } : {}),
    };
    this.#port = port1;
    // Outside every scope: the listeners live as long as the thread, not as long as the call that it was made for.
    this.#worker = runIn(ambient.root, () => new Worker(program, options));
    runIn(ambient.root, () => this.#listen());
    this.#setKeepAlive(false);
  }

  /** Calls that were sent and have not ended, in that order: the first runs, or is about to. */
  get calls(): readonly Call[] {
    return this.#sent.inOrder;
  }

  /** The oldest call that was sent ahead to it and has not begun. */
  get ahead(): Call | undefined {
    return this.#sent.ahead;
  }

  /** Whether another call may be sent to it. */
  get usable(): boolean {
    return this.#life === "alive" && !this.#sent.full;
  }

  /**
   * Whether nothing should be sent after what it runs: that was given up by its caller, or is being ended; or too much was
   * sent after it and taken back already.
   */
  get blocked(): boolean {
    const running = this.calls[0];
    return running !== undefined && (running.abandoned || running.late !== undefined || this.#sent.flooded);
  }

  /** Sends a call. An error says that it cannot be sent at all; then it was not. */
  send(call: Call): NotCloneableError | undefined {
    const { target, args, callbacks, stores, transfer } = call.parts;
    const definition = this.#toldTargets.has(target) ? undefined : { url: target.url, name: target.name };
    let extras: CallExtras | undefined;
    if (definition !== undefined || callbacks !== undefined || stores !== undefined)
      extras = { definition, callbacks: callbacks && [...callbacks.keys()], stores };
    let id: number;
    try {
      id = this.#sent.add(call, (newId) => this.#postCall(newId, target, args, extras, transfer));
    } catch (error) {
      return new NotCloneableError(
        `The arguments of "${target.name}" cannot be sent to a thread: ${cloneRefusal(error)}. Send plain data; a ` +
          "function has to be an argument of its own, not part of another one.",
        { cause: error },
      );
    }
    this.#toldTargets.add(target);
    if (this.calls.length === 1) this.lastHeard = performance.now();
    call.wasSent(this, id);
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
    return this.#sent.takeBack(call);
  }

  /** Takes back all that have not begun and can be sent again. */
  takeBackAll(): Call[] {
    return [...this.calls].filter((call) => call.movable && this.#sent.takeBack(call));
  }

  /** Tells a call that has begun that it was cancelled. */
  tellCancelled(call: Call, cancelled: unknown): void {
    if (call.place.kind !== "sent") return;
    this.#post([CANCEL, call.place.id, encodeError(cancelled)]);
    this.#sent.markCancelled(call);
    this.lane?.isBlocked(this);
    this.settleKeepAlive();
  }

  /** Ends the thread because of a call that was cancelled, if it still runs that call. The call ends when it is gone. */
  terminateFor(call: Call): void {
    if (this.#sent.doom(call)) this.terminate();
  }

  /** Ends the thread, whatever it does. */
  terminate(): void {
    if (this.#life !== "alive") return;
    this.#life = "ending";
    void this.#worker.terminate();
  }

  #post(message: ToThreadMessage): void {
    this.#port.postMessage(message);
  }

  #listen(): void {
    this.#port.on("message", (first: FromThreadMessage) => {
      this.#receive(first);
      // One event for many messages: each event costs more than the message.
      for (let taken = 1; taken < messagesPerTurn && this.#receiveNext(); taken++);
    });
    this.#port.on("messageerror", () => this.#receiveUnreadable());
    this.#worker.on("error", (error: unknown) => (this.#crash = { error }));
    // Not at once: Deno tells from inside terminate(), which may have been called by a callback that goes on.
    this.#worker.on("exit", (code: number) => queueMicrotask(() => this.#ended(code)));
  }

  /** False if no message has come. */
  #receiveNext(): boolean {
    const message = nextMessage<FromThreadMessage>(this.#port);
    if (message === UNREADABLE_MESSAGE) this.#receiveUnreadable();
    else if (message !== undefined) this.#receive(message);
    return message !== undefined;
  }

  #receive(message: FromThreadMessage): void {
    this.lastHeard = performance.now();
    switch (message[0]) {
      case READY:
        this.#started = true;
        return;
      case UNREADABLE: {
        const oldest = this.calls.find((call) => this.takeBack(call));
        if (oldest !== undefined) this.#failed(oldest, unreadable("An argument", oldest));
        return;
      }
      case ASK: {
        const [, id, callback, args] = message;
        const call = this.#sent.callOf(id);
        call?.callBack(callback, args, (good, result) => this.#answer(call, good, result));
        return;
      }
      case RETURNED: {
        const call = this.#sent.callOf(message[1]);
        if (call === undefined) return;
        this.#sent.ended(call);
        call.succeed(message[2]);
        this.lane?.hasRoom(this);
        return;
      }
      case THREW: {
        const call = this.#sent.callOf(message[1]);
        if (call !== undefined) this.#failed(call, decodeError(message[2], call.crossings));
        return;
      }
    }
  }

  /** A message came, but what was in it did not. A call that still runs was asking; else it was its result. */
  #receiveUnreadable(): void {
    const oldest = this.calls[0];
    if (oldest === undefined) return;
    if (this.#sent.runs(oldest)) this.#answer(oldest, false, unreadable("An argument of a callback", oldest));
    else this.#failed(oldest, unreadable("The result", oldest));
  }

  #failed(call: Call, error: unknown): void {
    this.#sent.ended(call);
    call.fail(error);
    this.lane?.hasRoom(this);
  }

  #answer(call: Call, good: boolean, result: unknown): void {
    if (this.#life === "ended") return;
    try {
      if (good) {
        this.#port.postMessage([ANSWER, true, result], transfersOf(result));
      } else {
        const index = call.crossings.keep(result);
        this.#post([ANSWER, false, encodeError(result, call.crossings), index]);
      }
    } catch (error) {
      const told = new NotCloneableError(
        `What a callback of "${call.parts.target.name}" returned cannot be sent to the thread: ${cloneRefusal(error)}.`,
        { cause: error },
      );
      this.#post([ANSWER, false, encodeError(told)]);
    }
    noticeAnswer(this.#sent.words);
  }

  #ended(exitCode: number): void {
    const terminated = this.#life === "ending";
    this.#life = "ended";
    while (this.#receiveNext());
    this.#port.close();
    const calls = [...this.calls];
    const strays = calls.filter((call, place) => !this.#tellEnd(call, place, exitCode, terminated));
    if (strays.length === calls.length && this.#crash !== undefined) warn(this.#crash);
    this.#owner.threadEnded(this, strays);
  }

  /** Ends a call whose thread is gone. False if it has not begun and can be done elsewhere. */
  #tellEnd(call: Call, place: number, exitCode: number, terminated: boolean): boolean {
    const began = !this.takeBack(call);
    if (began) this.#sent.ended(call);
    else if (this.#started && call.movable && !(place === 0 && call.isPoison())) return false;
    if (terminated && call.late !== undefined) call.wasTerminated();
    else if (this.#started) call.fail(died(call, exitCode, this.#crash, began));
    else call.fail(couldNotStart(exitCode, this.#crash));
    return true;
  }

  /** Lets the process end, or not: it has to go on while somebody waits for a call here, or for the token. */
  settleKeepAlive(): void {
    this.#setKeepAlive(this.lane?.crowded === true || this.calls.some((call) => !call.abandoned));
  }

  #setKeepAlive(wanted: boolean): void {
    if (this.#keepsAlive === wanted || this.#life === "ended") return;
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
