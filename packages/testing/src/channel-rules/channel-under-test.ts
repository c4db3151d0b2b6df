/** A sending end, as far as `checkChannel` uses it. */
export interface SendChannelUnderTest extends Disposable {
  send(item: unknown): Promise<void>;
  sendNowait(item: unknown): void;
  clone(): SendChannelUnderTest;
  close(): void;
}

/** A receiving end, as far as `checkChannel` uses it. */
export interface ReceiveChannelUnderTest extends Disposable, AsyncIterable<unknown> {
  receive(): Promise<unknown>;
  receiveNowait(): unknown;
  clone(): ReceiveChannelUnderTest;
  close(): void;
}

/** Opens a new channel. */
export type OpenChannel = () => readonly [send: SendChannelUnderTest, receive: ReceiveChannelUnderTest];

/** A kind of channel, and what has been found out about it. */
export interface Specimen {
  readonly open: OpenChannel;
  /** How many items wait in the buffer while nobody receives; `Infinity` if no limit was met. */
  readonly capacity: number;
}

/** One thing that every channel has to do, and how to find out whether this one does. */
export interface Rule {
  /** What holds, as a sentence. */
  readonly name: string;
  /** Rules about senders that wait make no sense where there is always room. */
  readonly onlyLimited?: boolean;
  /** Runs under virtual time, in a run of its own; raises if it does not hold. */
  readonly prove: (specimen: Specimen) => Promise<void>;
}
