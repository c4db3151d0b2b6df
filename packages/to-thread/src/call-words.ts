/*
 * The shared memory of one thread: what either side may look at without waiting for a message.
 *
 *     words[0 .. SLOTS-1]   one word for each call that was sent and has not ended
 *     words[ANSWERS]        counts the answers to callbacks; the thread sleeps on it
 *
 * A word holds the call's id, so that a slot can be used again at once: what is still under way for an earlier call of that
 * slot does not match any more.
 *
 *     state \ event    main: send   thread: begin   main: revoke   main: cancel            main: doom   thread: end
 *     (other id)       -> queued    false           false          -                       false        -
 *     queued           -            -> begun        -> (empty)     (is revoked instead)    -            -
 *     begun            -            -               false          sets the bit            -> doomed    -> (empty)
 *     doomed           -            -               -              -                       -            false
 *
 * `begin` and `revoke` exclude each other: whether a call has begun, and so whether it can still not have happened, is
 * decided here and nowhere else. So do `end` and `doom`: a thread is terminated because of a call only while it runs that
 * call, and begins no other one afterwards, so it takes none with it.
 */

/** How many calls may be under way in one thread, the one that runs included. A power of two. */
export const SLOTS = 8;
const ANSWERS = SLOTS;

const QUEUED = 1;
const BEGUN = 2;
const DOOMED = 3;
/** All bits of a state. */
const STATES = 3;
const CANCELLED = 4;
const bitsPerState = 3;
const EMPTY = 0;

/** The words of one thread. */
export type CallWords = Int32Array;

export function makeCallWords(): CallWords {
  return new Int32Array(new SharedArrayBuffer((SLOTS + 1) * Int32Array.BYTES_PER_ELEMENT));
}

/** The slot of a call. */
export function slotOf(id: number): number {
  return id & (SLOTS - 1);
}

/** The id of the next call in the slot of `id`. It wraps, long after the earlier one was forgotten. */
export function nextId(id: number): number {
  return (id + SLOTS) & 0xfff_ffff;
}

function word(id: number, state: number): number {
  return (id << bitsPerState) | state;
}

/** Main side, before the message is sent. */
export function markQueued(words: CallWords, id: number): void {
  Atomics.store(words, slotOf(id), word(id, QUEUED));
}

/** Thread side: whether the call may run. False if it was revoked. */
export function begin(words: CallWords, id: number): boolean {
  const queued = word(id, QUEUED);
  return Atomics.compareExchange(words, slotOf(id), queued, word(id, BEGUN)) === queued;
}

/** Main side: takes a call back that has not begun. False if it has. */
export function revoke(words: CallWords, id: number): boolean {
  const queued = word(id, QUEUED);
  return Atomics.compareExchange(words, slotOf(id), queued, EMPTY) === queued;
}

/** Main side: tells the call, which has begun, that it is cancelled. */
export function markCancelled(words: CallWords, id: number): void {
  Atomics.or(words, slotOf(id), CANCELLED);
}

/**
 * Main side: decides that the thread is to be ended because of the call, which was told that it is cancelled. False if the
 * call has ended there: then how it ended is under way.
 */
export function doom(words: CallWords, id: number): boolean {
  const begun = word(id, BEGUN | CANCELLED);
  return Atomics.compareExchange(words, slotOf(id), begun, word(id, DOOMED | CANCELLED)) === begun;
}

/** Thread side: the call has ended. False if the thread is to be ended because of it, so that it must not begin another. */
export function end(words: CallWords, id: number): boolean {
  return (Atomics.exchange(words, slotOf(id), EMPTY) & STATES) !== DOOMED;
}

/** Main side: whether a call that was sent has not begun; it may begin right afterwards. */
export function isQueued(words: CallWords, id: number): boolean {
  return Atomics.load(words, slotOf(id)) === word(id, QUEUED);
}

/** Main side: whether a call that was sent has begun in the thread and has not ended there. */
export function runs(words: CallWords, id: number): boolean {
  const state = Atomics.load(words, slotOf(id)) & STATES;
  return state === BEGUN || state === DOOMED;
}

/** Thread side: whether the running call was cancelled. One read of shared memory. */
export function isMarkedCancelled(words: CallWords, slot: number): boolean {
  return (Atomics.load(words, slot) & CANCELLED) !== 0;
}

/** Thread side, before it asks. */
export function answerCount(words: CallWords): number {
  return Atomics.load(words, ANSWERS);
}

/** Main side, after an answer was posted. */
export function noticeAnswer(words: CallWords): void {
  Atomics.add(words, ANSWERS, 1);
  Atomics.notify(words, ANSWERS);
}

/** Thread side: blocks the thread until more answers were given than `seen`, or `patienceMs` are over. */
export function waitForAnswer(words: CallWords, seen: number, patienceMs: number): void {
  Atomics.wait(words, ANSWERS, seen, patienceMs);
}
