import type { blocked } from "./inbox.ts";
import type { Selection } from "./selection.ts";

/*
 * What `select` asks of a case, and what a case asks of a channel. By name and not by class: a `select` of one installed copy
 * of this package takes the channels of another.
 */

/** A receiving end, as `receiveCase` sees it. */
export interface SelectableReceive<out T> {
  /** @internal Does it at once if that is possible, else gives `blocked`; throws the error of an end that can only fail. */
  attempt(): T | typeof blocked;
  /** @internal Gets in line. */
  enlist(selection: Selection, index: number): void;
}

/** A sending end, as `sendCase` sees it. */
export interface SelectableSend<in T> {
  /** @internal */
  attempt(item: T): undefined | typeof blocked;
  /** @internal */
  enlist(item: T, selection: Selection, index: number): void;
}

/**
 * One of the things that `select` chooses from, made by `receiveCase` or `sendCase`. It only says what could be done, so the
 * same case may be given to `select` again and again.
 *
 * @typeParam T - What `select` gives as the value when this case is the one that happened.
 */
export interface SelectCase<out T> {
  /** @internal Does it at once if that is possible, else gives `blocked`; throws the error of a case that can only fail. */
  tryNow(): T | typeof blocked;
  /** @internal The selection waits for this case too; `index` is the place of the case in the list. */
  waitIn(selection: Selection, index: number): void;
}
