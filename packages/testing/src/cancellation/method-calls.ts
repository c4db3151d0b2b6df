/** Is told of a call before it is made. */
export type OnCall = (receiver: unknown, args: readonly unknown[]) => void;

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** A method that is listened to. */
interface Tap {
  readonly original: PropertyDescriptor;
  readonly listeners: Set<OnCall>;
}

const taps = new Map<object, Map<string, Tap>>();

/**
 * Listens to the calls of a method of a class, of whatever instance; gives a function that ends it. The method is replaced
 * while anybody listens, and put back afterwards.
 */
export function listenToCalls(prototype: object, method: string, onCall: OnCall): () => void {
  const tapsHere = taps.get(prototype) ?? new Map<string, Tap>();
  taps.set(prototype, tapsHere);
  const tap = tapsHere.get(method) ?? install(prototype, method);
  tapsHere.set(method, tap);
  tap.listeners.add(onCall);
  return () => {
    tap.listeners.delete(onCall);
    if (tap.listeners.size > 0 || tapsHere.get(method) !== tap) return;
    tapsHere.delete(method);
    Object.defineProperty(prototype, method, tap.original);
  };
}

function install(prototype: object, method: string): Tap {
  const original = Object.getOwnPropertyDescriptor(prototype, method) as PropertyDescriptor;
  const call = original.value as Method;
  const listeners = new Set<OnCall>();
  const tapped: Method = function (...args) {
    for (const each of listeners) each(this, args);
    return call.apply(this, args);
  };
  Object.defineProperty(prototype, method, { ...original, value: tapped });
  return { original, listeners };
}
