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

function rethrowUnlessCancelled(error: unknown): void {
  if (!isCancelledItself(error)) throw error;
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return value === undefined ? "undefined" : `a ${typeof value}`.replace("a object", "an object");
}
