import { BrokenResourceError } from "@espalier/core";
import { checkCapacity } from "./capacity.ts";
import { EventChannel } from "./event-channel.ts";
import { EventState } from "./event-state.ts";
import { checkOverflow, type Overflow } from "./overflow.ts";

/** Options of {@link fromEvents}. Both are required: an emitter does not wait, so something has to give. */
export interface EventChannelOptions {
  /** How many events may wait to be received: a whole number, 0 or more (0: only who waits gets one), or `Infinity`. */
  readonly capacity: number;
  /** What happens to an event for which there is no room; with `"error"`, receivers get `BrokenResourceError`. */
  readonly overflow: Exclude<Overflow, "block">;
}

/** What `fromEvents` needs of an emitter in Node's style. */
export interface EmitterLike {
  on(name: string | symbol, listener: (...args: unknown[]) => void): unknown;
  off(name: string | symbol, listener: (...args: unknown[]) => void): unknown;
}

/** What `fromEvents` needs of an event target in the style of the DOM. */
export interface EventTargetLike {
  addEventListener(name: string, listener: (event: unknown) => void): unknown;
  removeEventListener(name: string, listener: (event: unknown) => void): unknown;
}

/**
 * Opens a channel of the events that a Node emitter or a DOM event target sends out from now on. It is bounded, and listens
 * until it is closed: hold it with `using`.
 *
 * What is received is the `Event` of a target; of an emitter, the argument of the event, or the list of its arguments if it
 * comes with several. (Something that is both, as a `MessagePort` of Node, is taken for an emitter.)
 *
 * An emitter's `"error"` event, unless that is what was asked for, breaks the channel: receivers get the events that came
 * before, then `BrokenResourceError` with the error as its `cause`. So the error surfaces where the events are read, as with
 * Node's own `events.on`; while the channel is open the event does not end the process for want of a listener. An `"error"`
 * event of a target has no such meaning, and is an event like others.
 *
 * @checkpoint never
 * @typeParam T - What is received. It is not checked.
 * @param emitter - A Node `EventEmitter`, or an `EventTarget`.
 * @param name - The event to listen to.
 * @throws {RangeError} `capacity` is not a whole number of 0 or more, or `Infinity`.
 * @throws {TypeError} an argument is missing or of the wrong type.
 * @example
 * ```ts
 * import { EventEmitter } from "node:events";
 * import { fromEvents } from "@espalier/channel";
 *
 * const sensor = new EventEmitter();
 * using readings = fromEvents<number>(sensor, "reading", { capacity: 10, overflow: "dropOldest" });
 * sensor.emit("reading", 21.5);
 * console.log(await readings.receive()); // 21.5
 * ```
 */
export function fromEvents<T = unknown>(
  emitter: EmitterLike,
  name: string | symbol,
  options: EventChannelOptions,
): EventChannel<T>;
export function fromEvents<T = Event>(
  target: EventTargetLike,
  name: string,
  options: EventChannelOptions,
): EventChannel<T>;
export function fromEvents<T>(
  source: EmitterLike | EventTargetLike,
  name: string | symbol,
  options: EventChannelOptions,
): EventChannel<T> {
  const { capacity, overflow } = { ...options };
  checkName(name);
  checkCapacity(capacity, "fromEvents");
  if ((overflow as Overflow | undefined) === "block")
    throw new TypeError(
      'fromEvents cannot block: an emitter does not wait. Choose "dropOldest", "dropNewest" or "error".',
    );
  checkOverflow(overflow, ["dropOldest", "dropNewest", "error"], "fromEvents");
  const state = new EventState(capacity, overflow);
  state.stopListening = listen(source, name, state);
  return new EventChannel<T>(state);
}

/** Gives a function that stops listening. */
function listen(source: EmitterLike | EventTargetLike, name: string | symbol, state: EventState): () => void {
  if (isEmitter(source)) return listenToEmitter(source, name, state);
  if (isEventTarget(source)) return listenToTarget(source, name as string, state);
  throw new TypeError(
    "fromEvents needs an emitter (with on and off) or an EventTarget (with addEventListener).",
  );
}

function listenToEmitter(emitter: EmitterLike, name: string | symbol, state: EventState): () => void {
  const accept = (...args: unknown[]): void => {
    state.accept(args.length > 1 ? args : args[0]);
  };
  const fail = (error: unknown): void => {
    state.fail(
      new BrokenResourceError(`The emitter of "${String(name)}" sent an error; it is the cause.`, {
        cause: error,
      }),
    );
  };
  emitter.on(name, accept);
  if (name !== "error") emitter.on("error", fail);
  return () => {
    emitter.off(name, accept);
    if (name !== "error") emitter.off("error", fail);
  };
}

function listenToTarget(target: EventTargetLike, name: string, state: EventState): () => void {
  const accept = (event: unknown): void => {
    state.accept(event);
  };
  target.addEventListener(name, accept);
  return () => {
    target.removeEventListener(name, accept);
  };
}

function isEmitter(source: unknown): source is EmitterLike {
  const emitter = source as Partial<EmitterLike> | null | undefined;
  return typeof emitter?.on === "function" && typeof emitter.off === "function";
}

function isEventTarget(source: unknown): source is EventTargetLike {
  const target = source as Partial<EventTargetLike> | null | undefined;
  return typeof target?.addEventListener === "function" && typeof target.removeEventListener === "function";
}

function checkName(name: unknown): void {
  if (typeof name === "string" || typeof name === "symbol") return;
  throw new TypeError(`fromEvents needs the name of an event, not ${name === null ? "null" : typeof name}.`);
}
