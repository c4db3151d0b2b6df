import type { ReceiveStream, SendStream } from "@espalier/stream";

/** Makes what is checked: two new ends that are connected with each other. Called once for each rule. */
export type MakePair<A, B> = () => Promise<readonly [A, B]> | readonly [A, B];

/** One direction: what goes into the first comes out of the second. */
export type OneWay = readonly [send: SendStream, receive: ReceiveStream];

/** One thing that every stream has to do, and how to find out whether this one does. */
export interface StreamRule<P extends readonly unknown[]> {
  /** What holds, as a sentence. */
  readonly name: string;
  /** Needs a pair whose first end cannot send without waiting. */
  readonly clogged?: true;
  /** Raises if it does not hold. */
  readonly prove: (...pair: P) => Promise<void>;
}
