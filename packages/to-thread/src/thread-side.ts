import { Cancelled, type CancelReason, MisuseError } from "@espalier/core";
import {
  ambient,
  CancelStatus,
  isThenable,
  makeCancelled,
  reasonOf,
  runIn,
  unwind,
} from "@espalier/core/lowlevel";
import type { MessagePort } from "node:worker_threads";
import { answerCount, begin, type CallWords, end, slotOf, waitForAnswer } from "./call-words.ts";
import { withStores } from "./carry-store.ts";
import { type CurrentCall, threadState } from "./current-call.ts";
import { Crossings } from "./crossings.ts";
import { decodeError, encodeError } from "./error-codec.ts";
import {
  ANSWER,
  type AnswerMessage,
  ASK,
  CALL,
  type CallMessage,
  CANCEL,
  type FromThreadMessage,
  READY,
  RETURNED,
  type TargetDefinition,
  THREW,
  type ToThreadMessage,
  UNREADABLE,
} from "./messages.ts";
import { exportOf, loadModule } from "./load-module.ts";
import { nextMessage, UNREADABLE_MESSAGE } from "./next-message.ts";
import { cloneRefusal, NotCloneableError } from "./thread-errors.ts";
import { transfersOf } from "./transfer.ts";

type AnyFunction = (...args: unknown[]) => unknown;

/** After so many calls without a look at the event loop, the timers and sockets of the thread get their turn. */
const callsPerTurn = 64;
/** How long a thread sleeps at most before it looks for its answer again. Being notified is what wakes it. */
const answerPatienceMs = 1000;
/** So often it looks for an answer that was counted, before it takes a message that could not be read for it. */
const looksForAnswer = 100;

/** A function of a module: loaded when it is first called. */
interface Target {
  readonly definition: TargetDefinition;
  fn: AnyFunction | undefined;
}

/** One call, from when it has begun until its end was told. */
class RunningCall implements CurrentCall {
  readonly id: number;
  readonly slot: number;
  readonly words: CallWords;
  /** What the call's code runs in; cancelled with the caller's scope. */
  readonly status: CancelStatus;
  readonly noticeCancellation: () => void;
  #crossings: Crossings | undefined;

  constructor(id: number, name: string, words: CallWords, noticeCancellation: () => void) {
    this.id = id;
    this.slot = slotOf(id);
    this.words = words;
    this.noticeCancellation = noticeCancellation;
    this.status = new CancelStatus("scope", name, ambient, false).bind(ambient.root);
  }

  get crossings(): Crossings {
    return (this.#crossings ??= new Crossings());
  }
}

/**
 * The pool's side of the border that is inside a thread: takes calls in the order in which they were sent, runs one at a
 * time, and tells how each has ended.
 */
export class ThreadSide {
  readonly #port: MessagePort;
  readonly #words: CallWords;
  readonly #targets = new Map<number, Target>();
  /** Calls that were read from the port and have not begun. */
  readonly #line: CallMessage[] = [];
  /** The call that runs, or whose module is being loaded. */
  #running: RunningCall | undefined = undefined;
  /** The answer to the question that this thread waits with. */
  #answer: AnswerMessage | undefined = undefined;
  /** Messages that came and could not be read, and that nobody was told of. Calls, unless one of them is the answer. */
  #unreadable = 0;

  constructor(port: MessagePort, words: CallWords) {
    this.#port = port;
    this.#words = words;
  }

  start(): void {
    this.#port.on("message", (message: ToThreadMessage) => {
      this.#take(message);
      this.#proceed();
    });
    this.#port.on("messageerror", () => {
      this.#unreadable++;
      this.#tellUnreadable();
    });
    this.#post([READY]);
  }

  #post(message: FromThreadMessage, moving?: Parameters<MessagePort["postMessage"]>[1]): void {
    this.#port.postMessage(message, moving as never);
  }

  #take(message: ToThreadMessage): void {
    switch (message[0]) {
      case CALL: {
        const definition = message[4]?.definition;
        if (definition !== undefined) this.#targets.set(message[2], { definition, fn: undefined });
        this.#line.push(message);
        return;
      }
      case CANCEL:
        if (this.#running?.id === message[1])
          this.#running.status.cancel((decodeError(message[2]) as Cancelled).reason);
        return;
      case ANSWER:
        this.#answer = message;
        return;
    }
  }

  /** Reads what has come without giving up control. */
  #readAll(): void {
    for (;;) {
      const message = nextMessage<ToThreadMessage>(this.#port);
      if (message === undefined) return;
      if (message === UNREADABLE_MESSAGE) this.#unreadable++;
      else this.#take(message);
    }
  }

  /** What could not be read, and was no answer, were calls. */
  #tellUnreadable(): void {
    for (; this.#unreadable > 0; this.#unreadable--) this.#post([UNREADABLE]);
  }

  /** Begins calls as long as none is left running. */
  #proceed(): void {
    for (let began = 0; this.#running === undefined; began++) {
      // The line is short, and what stays in the port comes as an event.
      if (this.#line.length === 0 && began < callsPerTurn) {
        this.#readAll();
        this.#tellUnreadable();
      }
      const call = this.#line.shift();
      if (call === undefined) return;
      if (begin(this.#words, call[1])) this.#begin(call);
    }
  }

  #begin(call: CallMessage): void {
    const target = this.#targets.get(call[2]) as Target;
    const running = new RunningCall(call[1], target.definition.name, this.#words, this.#noticeCancellation);
    this.#running = running;
    if (target.fn !== undefined) {
      this.#run(running, target.fn, call);
      return;
    }
    loadModule(target.definition.url)
      .then((module) => {
        target.fn = exportOf(module, target.definition);
        this.#run(running, target.fn, call);
      })
      .catch((error: unknown) => this.#threw(running, error))
      .finally(() => this.#proceed());
  }

  #run(running: RunningCall, fn: AnyFunction, call: CallMessage): void {
    const extras = call[4];
    let args = call[3];
    if (extras?.callbacks !== undefined) args = this.#withCallbacks(running, args, extras.callbacks);
    threadState.current = running;
    let result: unknown;
    let pending: Promise<unknown> | undefined;
    try {
      result = runIn(running.status, () => withStores(extras?.stores, () => fn(...args)));
      if (isThenable(result)) pending = Promise.resolve(result);
    } catch (error) {
      this.#threw(running, error);
      return;
    }
    if (pending === undefined) {
      this.#returned(running, result);
      return;
    }
    pending
      .then(
        (value) => this.#returned(running, value),
        (error: unknown) => this.#threw(running, error),
      )
      .finally(() => this.#proceed());
  }

  #returned(running: RunningCall, value: unknown): void {
    this.#end(running);
    try {
      this.#post([RETURNED, running.id, value], transfersOf(value));
    } catch (error) {
      this.#post([THREW, running.id, encodeError(notCloneable(`The result`, error))]);
    }
  }

  #threw(running: RunningCall, error: unknown): void {
    const { status } = running;
    const outcome = unwind(status, error, "scope");
    const told = outcome.kind === "caught" ? asCancelled(error, status) : outcome.error;
    this.#end(running);
    this.#post([THREW, running.id, encodeError(told, running.crossings)]);
  }

  #end(running: RunningCall): void {
    // If it was doomed, the thread is being terminated and begins nothing more.
    if (end(this.#words, running.id)) this.#running = undefined;
    threadState.current = undefined;
    running.status.close();
  }

  readonly #noticeCancellation = (): void => {
    this.#readAll(); // the reason was posted before the word was set
    this.#running?.status.cancel(unknownReason);
  };

  #withCallbacks(
    running: RunningCall,
    args: readonly unknown[],
    callbacks: readonly number[],
  ): readonly unknown[] {
    const whole = [...args];
    for (const index of callbacks) whole[index] = (...given: unknown[]) => this.#ask(running, index, given);
    return whole;
  }

  /** Calls a function of the caller: posts the question, and blocks this thread until the answer is there. */
  #ask(running: RunningCall, callback: number, args: readonly unknown[]): unknown {
    if (this.#running !== running) {
      throw new MisuseError(
        `The callback was called after the call of "${running.status.name}" had ended. It belongs to the caller's ` +
          "task, which has gone on: call it before the function returns, and await what calls it.",
      );
    }
    const before = answerCount(this.#words);
    let seen = before;
    try {
      this.#post([ASK, running.id, callback, args], [...new Set(args.flatMap(transfersOf))]);
    } catch (error) {
      throw notCloneable("An argument of the callback", error);
    }
    let patience = answerPatienceMs;
    for (let looks = 0; ;) {
      waitForAnswer(this.#words, seen, patience);
      this.#readAll();
      const answer = this.#answer;
      if (answer !== undefined) {
        this.#answer = undefined;
        this.#tellUnreadable();
        if (answer[1]) return answer[2];
        const error = decodeError(answer[2], running.crossings);
        if (answer[3] !== undefined) running.crossings.note(error, answer[3]);
        throw error;
      }
      seen = answerCount(this.#words);
      if (seen === before) continue;
      // Counted but not to be read yet: some runtimes hand a message over a little later.
      patience = 1;
      if (this.#unreadable > 0 && ++looks > looksForAnswer) {
        this.#unreadable--;
        throw new NotCloneableError(
          "What the callback gave could not be read in the thread. It has to give plain data, and no buffer that it has moved away.",
        );
      }
    }
  }
}

/** The cancellation that ended a call: the very one that was raised, where it was not wrapped. */
function asCancelled(error: unknown, status: CancelStatus): Cancelled {
  return error instanceof Cancelled ? error : makeCancelled(reasonOf(status));
}

const unknownReason: CancelReason = { source: "explicit" };

function notCloneable(what: string, error: unknown): NotCloneableError {
  return new NotCloneableError(
    `${what} cannot be cloned, so it cannot leave the thread: ${cloneRefusal(error)}. Send plain data: objects, arrays, typed arrays, maps, sets.`,
    { cause: error },
  );
}
