/** The first column of the table in docs/comparison.md. */
export type Row =
  | "a block ends while its child runs: the child"
  | "one of two fails: the other, when you have the error"
  | "one fails, the other in its cleanup: the errors"
  | "a `catch` takes the cancellation: what follows"
  | "cleanup that waits, without a word about it"
  | "cleanup that hangs, with a limit of its own"
  | "a time limit passes: the work, when you go on"
  | "a receive is given up: the next item"
  | "nobody takes the items: the sender"
  | "the receivers are gone: a sender that waits"
  | "an hour, in a test"
  | "a promise that takes no signal is given up";

/** What is observed of a library: each gives the text of its cell. */
export type Observations = Record<Row, () => Promise<string>>;

/** A promise that knows nothing of any library. */
export const foreign = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
