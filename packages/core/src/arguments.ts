import type { Clock } from "./clock.ts";
import { isCancelledItself } from "./errors.ts";
import type { Runtime } from "./runtime.ts";
import { isThenable } from "./thenable.ts";

/*
 * Wrong arguments, told at once and with the remedy. All packages word them here, so that they read alike.
 */

/** Times on a runtime's clock count from its start; only a calendar time can be so late on a clock this young. */
const calendarLike = 1e12;

/**
 * Checks that `body` is a function.
 *
 * @throws {TypeError} it is something else; a promise gets a message of its own.
 */
export function checkBody(body: unknown, where: string): void {
  if (typeof body === "function") return;
  if (isThenable(body)) {
    // It may be cancelled by what this very error does, and nobody holds it. Its own errors stay unhandled.
    if (body instanceof Promise) body.catch(rethrowUnlessCancelled);
    throw new TypeError(
      `${where}: you passed a promise; pass the function, not its result: () => work(), or work. ` +
        "(A promise has already started, outside the scope that should own it.)",
    );
  }
  throw new TypeError(`${where} needs a function, not ${typeName(body)}.`);
}

/**
 * Checks a duration in milliseconds.
 *
 * @throws {TypeError} it is not a number.
 * @throws {RangeError} it is NaN or negative.
 */
export function checkDuration(ms: unknown, where: string): void {
  if (typeof ms !== "number")
    throw new TypeError(`${where} needs a number of milliseconds, not ${typeName(ms)}.`);
  if (!(ms >= 0)) throw new RangeError(`${where} needs a duration of 0 ms or more, not ${ms}.`);
}

/**
 * Checks a time on the clock of `runtime`; any number will do, past and infinite ones too, but not a calendar time.
 *
 * @throws {TypeError} it is not a number.
 * @throws {RangeError} it is NaN, or can only come from `Date.now()`.
 */
export function checkTime(time: unknown, where: string, runtime: Runtime): void {
  if (typeof time !== "number")
    throw new TypeError(`${where} needs a time in milliseconds, not ${typeName(time)}.`);
  if (Number.isNaN(time)) throw new RangeError(`${where} needs a time, not NaN.`);
  if (time > calendarLike && time !== Infinity && runtime.clock.now() < calendarLike) {
    throw new RangeError(
      `${where}: ${time} looks like Date.now(); times here are on the clock of the run: use currentTime() + milliseconds.`,
    );
  }
}

/**
 * Checks that the options of `caller` are an object, and that the name in it is a string; neither need be there.
 *
 * @param example - What could be passed instead.
 * @throws {TypeError} they are something else, or the name is.
 */
export function checkOptions(options: unknown, caller: string, example = '{ name: "..." }'): void {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `${caller} takes its options as an object, such as ${example}, not ${typeName(options)}.`,
    );
  }
  const { name } = options as { name?: unknown };
  if (typeof name === "string" || name === undefined) return;
  throw new TypeError(`${caller}.name needs a string, not ${typeName(name)}.`);
}

/**
 * Checks a choice between two: a word such as `"false"` would count as true, and a number as neither.
 *
 * @throws {TypeError} it is not a boolean.
 */
export function checkBoolean(value: unknown, where: string): void {
  if (typeof value === "boolean") return;
  throw new TypeError(`${where} needs true or false, not ${typeName(value)}.`);
}

/**
 * Checks that something can be the clock of a run.
 *
 * @throws {TypeError} it lacks a method; the message says which there have to be.
 */
export function checkClock(clock: unknown, where: string): void {
  const { now, delayUntil } = (clock ?? {}) as Partial<Clock>;
  if (typeof now === "function" && typeof delayUntil === "function") return;
  throw new TypeError(
    `${where} needs a clock, an object with the methods now and delayUntil, such as new MockClock().`,
  );
}

function rethrowUnlessCancelled(error: unknown): void {
  if (!isCancelledItself(error)) throw error;
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return value === undefined ? "undefined" : `a ${typeof value}`.replace("a object", "an object");
}
