import type { MessagePort } from "node:worker_threads";
import type { EncodedError } from "./error-codec.ts";
import type { CallWords } from "./call-words.ts";

/*
 * What the two sides say to each other. Tuples that begin with a number, because a tiny call is made of little else than
 * its two messages, and names of properties would have to be copied each time.
 */

/** The first message of a thread: its program runs. */
export const READY = 0;
/** To the thread: run a call. */
export const CALL = 1;
/** To the thread: a call was cancelled, and why. The word in shared memory is set after this was posted. */
export const CANCEL = 2;
/** To the thread: the answer to its question. */
export const ANSWER = 3;
/** From the thread: the call's value. */
export const RETURNED = 4;
/** From the thread: the call's error. */
export const THREW = 5;
/** From the thread, which waits: call back a function. */
export const ASK = 6;
/** From the thread: a message could not be read. It was that of the oldest call that has not begun. */
export const UNREADABLE = 7;

/** Which function: known to a thread by its number once it has been told. */
export interface TargetDefinition {
  readonly url: string;
  readonly name: string;
}

/** What only some calls have. */
export interface CallExtras {
  /** The first call of this target in this thread tells what it is. */
  readonly definition?: TargetDefinition | undefined;
  /** At which places among the arguments there are functions. */
  readonly callbacks?: readonly number[] | undefined;
  /** Values of AsyncLocalStorages, by the key of their registration. */
  readonly stores?: readonly (readonly [key: string, value: unknown])[] | undefined;
}

export type CallMessage = readonly [
  kind: typeof CALL,
  id: number,
  target: number,
  args: readonly unknown[],
  extras?: CallExtras,
];

/** Why a call was cancelled, as far as it can cross. */
export type CancelMessage = readonly [kind: typeof CANCEL, id: number, cancelled: EncodedError];

export type AnswerMessage =
  | readonly [kind: typeof ANSWER, good: true, value: unknown]
  | readonly [kind: typeof ANSWER, good: false, error: EncodedError, index?: number];

export type ToThreadMessage = CallMessage | CancelMessage | AnswerMessage;

export type FromThreadMessage =
  | readonly [kind: typeof READY]
  | readonly [kind: typeof RETURNED, id: number, value: unknown]
  | readonly [kind: typeof THREW, id: number, error: EncodedError]
  | readonly [kind: typeof ASK, id: number, callback: number, args: readonly unknown[]]
  | readonly [kind: typeof UNREADABLE];

/** What a thread is born with. */
export interface ThreadBirth {
  readonly port: MessagePort;
  readonly words: CallWords;
}
