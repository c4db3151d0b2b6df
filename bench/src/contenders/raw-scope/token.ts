import { turn } from "./turn.ts";

/** What every wait under a cancelled token is ended with. */
export class Cancelled extends Error {
  readonly token: Token;

  constructor(token: Token) {
    super("cancelled");
    this.token = token;
  }
}

/** Passed down by hand; cancelling it ends every wait that was made with it or with one of its children. */
export class Token {
  #reason: Cancelled | undefined;
  readonly #parent: Token | undefined;
  #children: Set<Token> | undefined;
  #waits: Set<Wait<never>> | undefined;

  constructor(parent?: Token) {
    this.#parent = parent;
    if (parent === undefined) return;
    (parent.#children ??= new Set()).add(this);
    this.#reason = parent.#reason;
  }

  check(): void {
    if (this.#reason !== undefined) throw this.#reason;
  }

  cancel(): void {
    this.#cancel(new Cancelled(this));
  }

  /** The block of the token is over: whoever still uses it is cancelled. */
  leave(): void {
    if (this.#parent !== undefined) this.#parent.#children?.delete(this);
    this.#reason ??= new Cancelled(this);
  }

  #cancel(reason: Cancelled): void {
    const marked: Token[] = [];
    this.#mark(reason, marked);
    for (const token of marked) for (const wait of token.#waits ?? []) wait.fail(reason);
  }

  /** With a list and not by recursion: the tree may be deeper than the stack. */
  #mark(reason: Cancelled, marked: Token[]): void {
    const toVisit: Token[] = [this];
    for (let token = toVisit.pop(); token !== undefined; token = toVisit.pop()) {
      if (token.#reason !== undefined) continue;
      token.#reason = reason;
      marked.push(token);
      if (token.#children !== undefined) toVisit.push(...token.#children);
    }
  }

  /** @internal */
  add(wait: Wait<never>): void {
    (this.#waits ??= new Set()).add(wait);
  }

  /** @internal */
  remove(wait: Wait<never>): void {
    this.#waits?.delete(wait);
  }
}

/** A wait that ends with the first of: a value, an error, the cancellation of its token. */
export class Wait<T> {
  readonly promise: Promise<T>;
  pending = true;
  readonly #token: Token;
  readonly #onAbort: (() => void) | undefined;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;

  /** Check the token first. */
  constructor(token: Token, onAbort?: () => void) {
    this.#token = token;
    this.#onAbort = onAbort;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    token.add(this as unknown as Wait<never>);
  }

  resume(value: T): void {
    this.#end();
    this.#resolve(value);
  }

  fail(error: unknown): void {
    if (!this.pending) return;
    this.#end();
    this.#onAbort?.();
    this.#reject(error);
  }

  #end(): void {
    this.pending = false;
    this.#token.remove(this as unknown as Wait<never>);
  }
}

/** Lets others run; raises in a cancelled token. */
export async function checkpoint(token: Token): Promise<void> {
  token.check();
  await turn();
}

export async function sleep(token: Token, ms: number): Promise<void> {
  token.check();
  const wait = new Wait<void>(token, () => {
    clearTimeout(timer);
  });
  const timer = setTimeout(() => {
    wait.resume();
  }, ms);
  await wait.promise;
}
