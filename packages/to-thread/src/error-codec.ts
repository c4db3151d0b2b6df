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
import { limitStacks, makeCancelled } from "@espalier/core/lowlevel";
import type { Crossings } from "./crossings.ts";
import { describe, isError, read } from "./foreign-values.ts";
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
  | { readonly kind: "cancelled"; readonly reason: EncodedReason }
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

/** So far down a chain of causes and groups: a chain of thousands could be encoded no more, or posted. */
const deepest = 100;

/** Makes of anything that was thrown what can be posted. Never throws. */
export function encodeError(thrown: unknown, crossings?: Crossings): EncodedError {
  try {
    return encode(thrown, crossings, []);
  } catch {
    return uncloneable(thrown); // a proxy, mostly: even its prototype or its keys throw
  }
}

function encode(thrown: unknown, crossings: Crossings | undefined, outer: readonly unknown[]): EncodedError {
  const index = crossings?.numberOf(thrown);
  if (index !== undefined) return { kind: "returned", index };
  const depth = outer.indexOf(thrown);
  if (depth !== -1) return { kind: "seen", depth };
  if (!isError(thrown)) return encodeValue(thrown);
  const inner = [...outer, thrown];
  if (thrown instanceof Cancelled) return encodeCancelled(thrown.reason, crossings, inner);
  const stack = read(thrown, "stack");
  const error = {
    kind: "error",
    base: baseOf(thrown),
    name: nameOf(thrown),
    message: text(read(thrown, "message")),
    stack: typeof stack === "string" ? stack : undefined,
  } as const;
  if (inner.length > deepest) return { ...error, own: [] };
  const errors = read(thrown, "errors");
  return {
    ...error,
    own: ownProperties(thrown, crossings, inner),
    cause: "cause" in thrown ? encode(read(thrown, "cause"), crossings, inner) : undefined,
    errors: Array.isArray(errors) ? errors.map((each) => encode(each, crossings, inner)) : undefined,
  };
}

function encodeCancelled(
  { reason, ...rest }: CancelReason,
  crossings: Crossings | undefined,
  outer: readonly unknown[],
): EncodedError {
  const why = reason === undefined ? undefined : encode(reason, crossings, outer);
  return { kind: "cancelled", reason: { ...rest, why } };
}

function encodeValue(value: unknown): EncodedError {
  const copy = copyOf(value);
  return copy === undefined ? uncloneable(value) : { kind: "value", value: copy.value };
}

function uncloneable(thrown: unknown): EncodedError {
  const message = `What was thrown (${describe(thrown)}) cannot be cloned, so it cannot cross from one thread to another. Throw an Error.`;
  return encode(new NotCloneableError(message), undefined, []);
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
  const limit = limitStacks(0); // it has the stack of where it was thrown
  try {
    if (base === "DOMException") return new DOMException(message, name) as Error;
    if (base === "AggregateError") return new AggregateError([], message);
    if (base === "SuppressedError") return new SuppressedError(undefined, undefined, message);
    return new (known.get(base) ?? Error)(message);
  } finally {
    limitStacks(limit);
  }
}

function define(error: Error, key: string, value: unknown): void {
  // Not enumerable, as the classes themselves have it: printing shows these where they belong.
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });
}

/** The name of the nearest class, up its chain of prototypes, that every side has. */
function baseOf(error: Error): string {
  if (typeof DOMException === "function" && error instanceof DOMException) return "DOMException";
  for (
    let link = Object.getPrototypeOf(error) as object | null;
    link !== null;
    link = Object.getPrototypeOf(link) as object | null
  ) {
    const name = read(read(link, "constructor"), "name");
    if (typeof name !== "string") continue;
    if (name === "AggregateError") return name;
    if (name === "SuppressedError" && typeof SuppressedError === "function") return name;
    if (known.has(name)) return name;
  }
  return "Error";
}

/** The error's name; where the class did not set one, the name of the class. */
function nameOf(error: Error): string {
  const name = text(read(error, "name"));
  const className = read(read(error, "constructor"), "name");
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
  for (const key of ownKeys(error)) {
    const value = read(error, key);
    if (isError(value)) own.push([key, encode(value, crossings, outer)]);
    else {
      const copy = copyOf(value);
      if (copy !== undefined) own.push([key, { kind: "value", value: copy.value }]);
    }
  }
  return own;
}

function ownKeys(error: Error): string[] {
  const keys = Object.keys(error).filter((key) => !placed.has(key));
  // What was raised by a disposal, and what that suppressed, cannot be listed where the class is built in.
  if (read(error, "name") !== "SuppressedError") return keys;
  return [...new Set([...keys, "error", "suppressed"])];
}

/**
 * A copy of a value as the other side will have it; `undefined` if it cannot be cloned. What is posted is the copy: getters
 * that throw the second time have been called already.
 */
function copyOf(value: unknown): { readonly value: unknown } | undefined {
  if (typeof value !== "object" || value === null)
    return typeof value === "function" || typeof value === "symbol" ? undefined : { value };
  try {
    return { value: structuredClone(value) };
  } catch {
    return undefined;
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : describe(value);
}
