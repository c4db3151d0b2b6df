import { checkBody, isThenable } from "@espalier/core/lowlevel";

/** A function that the combinators run: async or not. */
export type Body<T> = () => Promise<T> | T;

/** One of several bodies, and what it is called: in its record, else by its own name, else by its place. */
export interface NamedBody {
  readonly key: string;
  readonly name: string;
  readonly body: Body<unknown>;
}

/**
 * Lists the bodies of an array, or of any other iterable.
 *
 * @throws {TypeError} it is none, or holds something that is not a function.
 */
export function listBodies(bodies: unknown, caller: string): NamedBody[] {
  if (!isIterable(bodies)) throw unusable(bodies, caller, "an array of functions");
  return Array.from(bodies, (body, place) => {
    const where = `${caller}[${place}]`;
    checkBody(body, where);
    return { key: String(place), name: (body as Body<unknown>).name || where, body: body as Body<unknown> };
  });
}

/**
 * Lists the bodies of an array or of a record.
 *
 * @throws {TypeError} it is neither, or holds something that is not a function.
 */
export function listOrRecordBodies(bodies: unknown, caller: string): NamedBody[] {
  if (isIterable(bodies)) return listBodies(bodies, caller);
  if (typeof bodies !== "object" || bodies === null || isThenable(bodies))
    throw unusable(bodies, caller, "an array or a record of functions");
  return Object.entries(bodies).map(([key, body]: [string, unknown]) => {
    checkBody(body, `${caller}.${key}`);
    return { key, name: key, body: body as Body<unknown> };
  });
}

/** Gives results the form in which the bodies came: their places in an array, or their keys in a record. */
export function inTheFormOf(
  bodies: unknown,
  list: readonly NamedBody[],
  results: readonly unknown[],
): unknown {
  // fromEntries defines its keys, so that one called "__proto__" is a key like any other
  return isIterable(bodies) ? results : Object.fromEntries(list.map(({ key }, i) => [key, results[i]]));
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === "function"
  );
}

function unusable(value: unknown, caller: string, wanted: string): TypeError {
  if (isThenable(value))
    return new TypeError(`${caller} needs ${wanted}, not a promise; await it first, if it gives one.`);
  if (typeof value === "function")
    return new TypeError(`${caller} needs ${wanted}; put the function into an array: ${caller}([fn]).`);
  return new TypeError(`${caller} needs ${wanted}, not ${value === null ? "null" : typeof value}.`);
}
