import type { Call } from "./call.ts";
import {
  type CallWords,
  doom,
  isQueued,
  makeCallWords,
  markCancelled,
  markQueued,
  nextId,
  revoke,
  runs,
  SLOTS,
  slotOf,
} from "./call-words.ts";

/**
 * So many calls that were taken back may lie unread in a thread that is busy: their messages, arguments and all, stay there
 * until it has time to throw them away.
 */
const mostUnread = 16;

/**
 * The calls that one thread was sent and that have not ended: in the order in which they were sent, and by their slots in
 * the memory that both sides share (see call-words.ts).
 *
 * Invariant: a call is in `inOrder` exactly while its place is "sent", and then in the slot of its id.
 */
export class SentCalls {
  readonly words: CallWords = makeCallWords();
  /** The first runs, or is about to. */
  readonly inOrder: Call[] = [];
  /** The call in each slot, and the last id that the slot had. */
  readonly #slots: (Call | undefined)[] = new Array<Call | undefined>(SLOTS).fill(undefined);
  readonly #ids: number[] = Array.from({ length: SLOTS }, (_, slot) => slot);
  /** Taken back since the thread last told how a call has ended. */
  #unread = 0;

  /** Whether there is no slot for another one. */
  get full(): boolean {
    return this.inOrder.length >= SLOTS;
  }

  /** Whether the thread has so much to throw away that it should be left alone until it does. */
  get flooded(): boolean {
    return this.#unread >= mostUnread;
  }

  /**
   * The oldest that was sent ahead, behind another one, and has not begun. Not simply the second: how the first has ended may
   * still be under way.
   */
  get ahead(): Call | undefined {
    return this.inOrder.find((call, place) => place > 0 && isQueued(this.words, idOf(call) as number));
  }

  /** Adds a call, which `post` sends under the id that it is given. What `post` throws is raised; then nothing was added. */
  add(call: Call, post: (id: number) => void): number {
    const slot = this.#slots.indexOf(undefined);
    const id = nextId(this.#ids[slot] as number);
    this.#ids[slot] = id;
    this.#slots[slot] = call; // before it is posted: a getter among the arguments may make another call
    markQueued(this.words, id);
    try {
      post(id);
    } catch (error) {
      revoke(this.words, id);
      this.#slots[slot] = undefined;
      throw error;
    }
    this.inOrder.push(call);
    return id;
  }

  /** The call of that id; `undefined` if it has ended, with its thread: Deno may bring the last messages after the exit. */
  callOf(id: number): Call | undefined {
    const call = this.#slots[slotOf(id)];
    return call !== undefined && idOf(call) === id ? call : undefined;
  }

  /** Takes a call back that has not begun. False if it has. */
  takeBack(call: Call): boolean {
    const id = idOf(call);
    if (id === undefined || !revoke(this.words, id)) return false;
    this.#unread++;
    this.#remove(call, id);
    call.wasTakenBack();
    return true;
  }

  /** A call has ended. */
  ended(call: Call): void {
    const id = idOf(call);
    if (id === undefined) return;
    this.#unread = 0; // what was sent before the next one is about to be read
    this.#remove(call, id);
  }

  /** Marks a call that has begun as cancelled. */
  markCancelled(call: Call): void {
    const id = idOf(call);
    if (id !== undefined) markCancelled(this.words, id);
  }

  /** Decides that the thread ends because of this call, which was cancelled. False if it has ended there already. */
  doom(call: Call): boolean {
    const id = idOf(call);
    return id !== undefined && doom(this.words, id);
  }

  /** Whether the thread is in the middle of the call. */
  runs(call: Call): boolean {
    const id = idOf(call);
    return id !== undefined && runs(this.words, id);
  }

  #remove(call: Call, id: number): void {
    this.#slots[slotOf(id)] = undefined;
    if (this.inOrder[0] === call) this.inOrder.shift();
    else this.inOrder.splice(this.inOrder.indexOf(call), 1);
  }
}

function idOf(call: Call): number | undefined {
  return call.place.kind === "sent" ? call.place.id : undefined;
}
