import type { Call } from "./call.ts";

/**
 * Calls that wait for a thread, the oldest first. One that was sent ahead and taken back returns to its old place.
 *
 * Invariant: ordered by `call.order`.
 */
export class CallLine {
  // A set keeps the order of insertion and forgets in constant time. The few that came back are older than all in it.
  readonly #returned: Call[] = [];
  readonly #fresh = new Set<Call>();

  get size(): number {
    return this.#returned.length + this.#fresh.size;
  }

  /** The oldest, which stays in line. */
  get head(): Call | undefined {
    if (this.#returned.length > 0) return this.#returned[0];
    for (const call of this.#fresh) return call;
    return undefined;
  }

  /** A new one, at the end. */
  add(call: Call): void {
    this.#fresh.add(call);
  }

  /** One that had left the line. Only the oldest leave it, so everything fresh is younger. */
  putBack(call: Call): void {
    const place = this.#returned.findIndex((each) => each.order > call.order);
    if (place === -1) this.#returned.push(call);
    else this.#returned.splice(place, 0, call);
  }

  remove(call: Call): void {
    if (this.#fresh.delete(call)) return;
    const place = this.#returned.indexOf(call);
    if (place !== -1) this.#returned.splice(place, 1);
  }
}
