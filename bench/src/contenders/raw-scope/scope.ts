import { Cancelled, Token, Wait } from "./token.ts";

/** A block under a token of its own; what that token was cancelled with ends here. */
export async function withScope<T>(outer: Token, body: (token: Token) => Promise<T>): Promise<T | undefined> {
  const token = new Token(outer);
  try {
    return await body(token);
  } catch (error) {
    if (error instanceof Cancelled && error.token === token) return undefined;
    throw error;
  } finally {
    token.leave();
  }
}

/** A block with a time limit; the body is unwound before this raises. */
export async function withTimeout<T>(
  outer: Token,
  ms: number,
  body: (token: Token) => Promise<T>,
): Promise<T> {
  const token = new Token(outer);
  const timer = setTimeout(() => {
    token.cancel();
  }, ms);
  try {
    return await body(token);
  } catch (error) {
    if (error instanceof Cancelled && error.token === token) throw new Error("timeout", { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
    token.leave();
  }
}

/** Tasks that end before their block is left; the first that fails cancels the others. */
export class Group {
  readonly token: Token;
  #live = 0;
  #empty: Wait<void> | undefined;
  readonly #errors: unknown[] = [];

  constructor(token: Token) {
    this.token = token;
  }

  /** Runs none of the task before it returns. */
  start(task: (token: Token) => Promise<void>): void {
    this.#live++;
    void Promise.resolve(this.token)
      .then(task)
      .then(this.#ended, (error: unknown) => {
        this.#errors.push(error);
        this.token.cancel();
        this.#ended();
      });
  }

  /** Waits for all of them, whatever is cancelled. */
  async join(): Promise<void> {
    if (this.#live > 0) {
      this.#empty = new Wait<void>(new Token());
      await this.#empty.promise;
    }
    const failures = this.#errors.filter((error) => !(error instanceof Cancelled));
    if (failures.length > 0) throw new AggregateError(failures);
    if (this.#errors.length > 0) throw this.#errors[0];
  }

  readonly #ended = (): void => {
    if (--this.#live === 0) this.#empty?.resume();
  };
}

export async function withGroup(outer: Token, body: (group: Group) => Promise<void>): Promise<void> {
  await withScope(outer, async (token) => {
    const group = new Group(token);
    try {
      await body(group);
    } catch (error) {
      token.cancel();
      await group.join().catch(() => undefined);
      throw error;
    }
    await group.join();
  });
}
