/**
 * Bytes that come in at the back and go out at the front, in one piece of memory that grows by doubling, so that a search
 * for a delimiter can run over all of them at once.
 *
 *     [ taken | held                | free ]
 *             ^ start               ^ end
 */
export class ByteBuffer {
  #bytes = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  append(chunk: Uint8Array): void {
    if (this.#end + chunk.length > this.#bytes.length) this.#makeRoom(chunk.length);
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Takes the oldest bytes, as a copy: what is given out must not change when more comes in. */
  take(count: number): Uint8Array {
    const taken = new Uint8Array(this.#bytes.subarray(this.#start, this.#start + count));
    this.drop(count);
    return taken;
  }

  drop(count: number): void {
    this.#start += count;
    if (this.#start === this.#end) this.#start = this.#end = 0;
  }

  /** One byte, counted from the oldest; `undefined` if it is not here. */
  at(index: number): number | undefined {
    return index < 0 || index >= this.length ? undefined : this.#bytes[this.#start + index];
  }

  /** Where `pattern` begins, counted from the oldest byte; -1 if it is not there. Looks from `from` on. */
  indexOf(pattern: Uint8Array, from: number): number {
    return this.#bytes.subarray(this.#start, this.#end).indexOf(pattern, from);
  }

  #makeRoom(count: number): void {
    const held = this.length;
    const enough = this.#bytes.length >= 2 * (held + count);
    const bytes = enough ? this.#bytes : Buffer.alloc(Math.max(1024, 2 * (held + count)));
    bytes.set(this.#bytes.subarray(this.#start, this.#end), 0);
    this.#bytes = bytes;
    this.#start = 0;
    this.#end = held;
  }
}
