/**
 * One listener on a foreign signal, for all that follow it. Many scopes may follow one signal (every request of a server
 * the server's shutdown), and Node takes the eleventh listener for a leak and warns. Its limit is not ours to raise: the
 * signal is somebody else's.
 *
 * Invariant: it listens exactly while it has followers.
 */
class SharedListener {
  readonly #signal: AbortSignal;
  readonly #followers = new Set<() => void>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(follower: () => void): void {
    if (this.#followers.size === 0) this.#signal.addEventListener("abort", this.#aborted);
    this.#followers.add(follower);
  }

  remove(follower: () => void): void {
    if (this.#followers.delete(follower) && this.#followers.size === 0)
      this.#signal.removeEventListener("abort", this.#aborted);
  }

  readonly #aborted = (): void => {
    for (const follower of this.#followers) follower();
  };
}

const listeners: WeakMap<AbortSignal, SharedListener> = new WeakMap();

/**
 * Calls `follower` when `signal`, which has not aborted yet, aborts. Gives a function that stops it, to be called in any
 * case.
 */
export function followSignal(signal: AbortSignal, follower: () => void): () => void {
  let listener = listeners.get(signal);
  if (listener === undefined) {
    listener = new SharedListener(signal);
    listeners.set(signal, listener);
  }
  listener.add(follower);
  return () => {
    listener.remove(follower);
  };
}
