import {
  BrokenResourceError,
  BusyResourceError,
  type CancelReason,
  Cancelled,
  ClosedResourceError,
  DeadlockError,
  EndOfChannel,
  InternalError,
  MisuseError,
  WouldBlock,
} from "@espalier/core";
import { TooSlowError } from "@espalier/cancel-scope";
import { makeCancelled } from "@espalier/core/lowlevel";
import { NotCloneableError, ThreadDiedError, ThreadModuleError } from "./thread-errors.ts";

/*
 * How an error crosses the border. Structured cloning alone would lose its class name, its own properties, often its
 * stack and cause, and would refuse the whole error for one property that cannot be cloned.
 *
 * An error of a class that both sides have arrives as one of that class. Of another class it arrives as the nearest
 * built-in one that it extends, with its own class's name. One that came from the other side, and goes back there, arrives
 * as the very object that it was: it is kept by number until the call has ended.
 */

export type EncodedError =
  /** Anything but an error. */
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "cancelled"; readonly reason: EncodedReason; readonly stack?: string | undefined }
  | {
      readonly kind: "error";
      /** The nearest class that the other side has. */
      readonly base: string;
      readonly name: string;
      readonly message: string;
      readonly stack: string | undefined;
      readonly own: readonly (readonly [key: string, value: EncodedError])[];
      readonly cause?: EncodedError | undefined;
      readonly errors?: readonly EncodedError[] | undefined;
    }
  /** An error that the other side sent here during this call. */
  | { readonly kind: "returned"; readonly index: number }
  /** One that was met before, further out: a cycle. */
  | { readonly kind: "seen"; readonly depth: number };

type EncodedReason = Omit<CancelReason, "reason"> & { readonly why?: EncodedError | undefined };

/** The errors of one call that have crossed, so that they arrive as themselves when they come back. */
export class Crossings {
  /** On the side that sent it: the errors themselves. */
  readonly #sent: unknown[] = [];
  /** On the side that received it: which of the other side's it is. */
  readonly #received = new WeakMap<object, number>();

  /** Remembers an error that is being sent; gives its number. */
  keep(error: unknown): number {
    return this.#sent.push(error) - 1;
  }

  /** The error of that number, as it was before it crossed. */
  kept(index: number): unknown {
    return this.#sent[index];
  }

  note(error: unknown, index: number): void {
    if (typeof error === "object" && error !== null) this.#received.set(error, index);
  }

  numberOf(error: unknown): number | undefined {
    return typeof error === "object" && error !== null ? this.#received.get(error) : undefined;
  }
}

type ErrorClass = new (message: string, options?: ErrorOptions) => Error;

const builtIn: readonly ErrorClass[] = [
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
];

const ours: readonly ErrorClass[] = [
  BrokenResourceError,
  BusyResourceError,
  ClosedResourceError,
  DeadlockError,
  EndOfChannel,
  InternalError,
  MisuseError,
  WouldBlock,
  TooSlowError,
  NotCloneableError,
  ThreadModuleError,
  ThreadDiedError,
];

const known: ReadonlyMap<string, ErrorClass> = new Map(
  [...builtIn, ...ours].map((each) => [each.name, each]),
);

/** Properties that have a place of their own, or that the class makes. */
const placed: ReadonlySet<string> = new Set(["name", "message", "stack", "cause", "errors"]);

/** Makes of anything that was thrown what can be posted. Never throws. */
export function encodeError(thrown: unknown, crossings?: Crossings): EncodedError {
  return encode(thrown, crossings, []);
}

function encode(thrown: unknown, crossings: Crossings | undefined, outer: readonly unknown[]): EncodedError {
  const index = crossings?.numberOf(thrown);
  if (index !== undefined) return { kind: "returned", index };
  const depth = outer.indexOf(thrown);
  if (depth !== -1) return { kind: "seen", depth };
  if (!isError(thrown)) return encodeValue(thrown);
  const inner = [...outer, thrown];
  if (thrown instanceof Cancelled) {
    const { reason: why, ...rest } = thrown.reason;
    const encoded = why === undefined ? undefined : encode(why, crossings, inner);
    return { kind: "cancelled", reason: { ...rest, why: encoded }, stack: undefined };
  }
  const errors = (thrown as { errors?: unknown }).errors;
  return {
    kind: "error",
    base: baseOf(thrown),
    name: nameOf(thrown),
    message: text(thrown.message),
    stack: typeof thrown.stack === "string" ? thrown.stack : undefined,
    own: ownProperties(thrown, crossings, inner),
    cause: "cause" in thrown ? encode(thrown.cause, crossings, inner) : undefined,
    errors: Array.isArray(errors) ? errors.map((each) => encode(each, crossings, inner)) : undefined,
  };
}

function encodeValue(value: unknown): EncodedError {
  if (isCloneable(value)) return { kind: "value", value };
  return encodeError(
    new NotCloneableError(
      `What was thrown (${describe(value)}) cannot be cloned, so it cannot cross from one thread to another. Throw an Error.`,
    ),
  );
}

/** Makes of what was posted what can be thrown. */
export function decodeError(encoded: EncodedError, crossings?: Crossings): unknown {
  return decode(encoded, crossings, []);
}

function decode(encoded: EncodedError, crossings: Crossings | undefined, outer: readonly unknown[]): unknown {
  switch (encoded.kind) {
    case "value":
      return encoded.value;
    case "returned":
      return crossings?.kept(encoded.index);
    case "seen":
      return outer[encoded.depth];
    case "cancelled": {
      const { why, ...rest } = encoded.reason;
      return makeCancelled(
        why === undefined ? rest : { ...rest, reason: decode(why, crossings, [...outer, undefined]) },
      );
    }
    case "error": {
      const error = construct(encoded);
      const inner = [...outer, error];
      for (const [key, value] of encoded.own) {
        const decoded = decode(value, crossings, inner);
        // Defined and not assigned: a key "__proto__" is no more than a key.
        Object.defineProperty(error, key, {
          value: decoded,
          writable: true,
          configurable: true,
          enumerable: true,
        });
      }
      if (encoded.cause !== undefined) define(error, "cause", decode(encoded.cause, crossings, inner));
      if (encoded.errors !== undefined)
        define(
          error,
          "errors",
          encoded.errors.map((each) => decode(each, crossings, inner)),
        );
      return error;
    }
  }
}

function construct({ base, name, message, stack }: EncodedError & { kind: "error" }): Error {
  const error = make(base, name, message);
  if (error.name !== name) define(error, "name", name);
  if (stack !== undefined) define(error, "stack", stack);
  return error;
}

function make(base: string, name: string, message: string): Error {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0; // it has the stack of where it was thrown
  try {
    if (base === "DOMException") return new DOMException(message, name) as Error;
    if (base === "AggregateError") return new AggregateError([], message);
    return new (known.get(base) ?? Error)(message);
  } finally {
    Error.stackTraceLimit = limit;
  }
}

function define(error: Error, key: string, value: unknown): void {
  // Not enumerable, as the classes themselves have it: printing shows these where they belong.
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });
}

function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}

/** The name of the nearest class, up its chain of prototypes, that every side has. */
function baseOf(error: Error): string {
  if (typeof DOMException === "function" && error instanceof DOMException) return "DOMException";
  for (
    let link = Object.getPrototypeOf(error) as object | null;
    link !== null;
    link = Object.getPrototypeOf(link) as object | null
  ) {
    const name = (link as { constructor?: { name?: unknown } }).constructor?.name;
    if (typeof name !== "string") continue;
    if (name === "AggregateError") return name;
    if (known.has(name)) return name;
  }
  return "Error";
}

/** The error's name; where the class did not set one, the name of the class. */
function nameOf(error: Error): string {
  const name = text(error.name);
  const className = (error.constructor as { name?: unknown } | undefined)?.name;
  const inherited = !Object.hasOwn(error, "name") && known.has(name);
  if (inherited && typeof className === "string" && className !== "" && className !== name) return className;
  return name;
}

/** What else the error carries, as far as it can be cloned. */
function ownProperties(
  error: Error,
  crossings: Crossings | undefined,
  outer: readonly unknown[],
): [string, EncodedError][] {
  const own: [string, EncodedError][] = [];
  for (const key of Object.keys(error)) {
    if (placed.has(key)) continue;
    const value = (error as unknown as Record<string, unknown>)[key];
    if (isError(value) || isCloneable(value)) own.push([key, encode(value, crossings, outer)]);
  }
  return own;
}

function isCloneable(value: unknown): boolean {
  if (value === null) return true;
  if (typeof value === "function" || typeof value === "symbol") return false;
  if (typeof value !== "object") return true;
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : describe(value);
}

/** In a few words, whatever it is. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "function":
      return value.name === "" ? "a function" : `the function ${value.name}`;
    case "symbol":
      return value.toString();
    case "object": {
      if (value === null) return "null";
      const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name;
      return typeof name === "string" && name !== "" ? `an object of ${name}` : "an object";
    }
    default:
      return String(value);
  }
}
