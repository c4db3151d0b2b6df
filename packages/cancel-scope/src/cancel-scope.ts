import { type CancelReason, MisuseError } from "@espalier/core";
import {
  CancelStatus,
  checkBody,
  checkBoolean,
  checkDuration,
  checkOptions,
  checkTime,
  currentStatus,
  runIn,
  setDeadline,
  signalOf,
  type StatusKind,
  unwind,
  withCancelSite,
} from "@espalier/core/lowlevel";
import { followSignal } from "./follow-signal.ts";

/** Options of {@link CancelScope}. */
export interface CancelScopeOptions {
  /** Milliseconds from entry after which the scope is cancelled. Not together with `deadline`. */
  readonly timeout?: number;
  /** The time on the run's clock (see `currentTime`) at which the scope is cancelled. Not together with `timeout`. */
  readonly deadline?: number;
  /** Whether cancellation of the scopes around it is invisible inside. */
  readonly shield?: boolean;
  /** Cancels the scope when it aborts. The listener is removed when the scope is left. */
  readonly signal?: AbortSignal;
  /** For the task tree and for messages. */
  readonly name?: string;
  /** For packages that build blocks of their own on a scope: what the task tree calls it. */
  readonly kind?: StatusKind;
}

/** How many blocks are being entered at this moment, each by the body of the one before it. */
let entering = 0;
/**
 * More of them would fill the call stack: a thousand nurseries, one in the other with no `await` in between, are enough. The
 * body of the next one begins a microtask later instead.
 */
const deepest = 200;

/**
 * A block of code that can be cancelled as a whole: by `cancel()`, by a deadline, by an `AbortSignal`. While it is
 * cancelled every checkpoint inside raises `Cancelled`, each time, also in `catch` and `finally`; the scope catches it at
 * its end.
 *
 * It takes a callback and is not for `using`, because disposal can neither catch nor see an error. After Trio's
 * CancelScope.
 *
 * @example
 * ```ts
 * import { CancelScope } from "@espalier/cancel-scope";
 * import { sleep } from "@espalier/core";
 *
 * const scope = new CancelScope({ timeout: 10 });
 * await scope.run(async () => {
 *   await sleep(60_000);
 * });
 * console.log(scope.cancelledCaught); // true
 * ```
 */
export class CancelScope {
  // Life: not entered -> entered -> left (status.closed). It can be cancelled in each of them; the status remembers.
  readonly #status: CancelStatus;
  readonly #timeout: number | undefined;
  readonly #foreignSignal: AbortSignal | undefined;
  #entered = false;
  /** The deadline of a scope that was not entered yet; afterwards the status has it. */
  #firstDeadline: number;
  /** Whether `cancel()` was called; the status does not remember a call that came after the end. */
  #cancelRequested = false;
  #cancelledCaught = false;

  /**
   * @throws {RangeError} a NaN or negative timeout, a NaN deadline or one that can only come from `Date.now()`, or both.
   * @throws {TypeError} an option of the wrong type.
   */
  constructor(options: CancelScopeOptions = {}) {
    checkOptions(options, "CancelScope", "{ timeout: 500 }");
    const { timeout, deadline = Infinity, shield = false, signal, name = "scope", kind = "scope" } = options;
    if (timeout !== undefined) {
      checkDuration(timeout, "CancelScope.timeout");
      if (options.deadline !== undefined) {
        throw new RangeError(
          "CancelScope takes a timeout (from entry) or a deadline (on the run's clock), not both.",
        );
      }
    }
    const { runtime } = currentStatus(); // whose clock counts until the scope is entered
    checkTime(deadline, "CancelScope.deadline", runtime);
    checkBoolean(shield, "CancelScope.shield");
    if (signal !== undefined) checkSignal(signal);
    this.#timeout = timeout;
    this.#firstDeadline = deadline;
    this.#foreignSignal = signal;
    this.#status = new CancelStatus(kind, name, runtime, shield);
  }

  /** The name in the task tree and in messages. */
  get name(): string {
    return this.#status.name;
  }

  /**
   * Runs `body` inside the scope, once, and gives its value; `undefined` when the scope caught its own cancellation.
   *
   * @checkpoint never
   * @cancellation Of the scopes around it: raised by the checkpoints inside, and passed on.
   * @throws {MisuseError} the scope was entered before.
   * @throws {TypeError} `body` is not a function.
   */
  async run<T>(body: (scope: this) => Promise<T> | T): Promise<T | undefined> {
    checkBody(body, "CancelScope.run");
    const status = this.#status;
    this.#enter();
    const stopListening = this.#listen();
    try {
      if (entering >= deepest) await Promise.resolve(); // goes on with an empty stack
      let result: Promise<T> | T;
      entering++;
      try {
        result = runIn(status, body, this);
      } finally {
        entering--;
      }
      return await result;
    } catch (error) {
      return this.#leaveWith(error);
    } finally {
      stopListening?.();
      status.close();
    }
  }

  /**
   * Cancels the scope. Sync, idempotent, callable from anywhere, before entry too; the first reason wins.
   *
   * @checkpoint never
   * @param reason - For people and logs; found again in `cancelled.reason.reason`.
   */
  cancel(reason?: unknown): void {
    this.#cancelRequested = true;
    this.#cancel(
      reason === undefined
        ? { source: "explicit", scope: this.name }
        : { source: "explicit", reason, scope: this.name },
    );
  }

  /**
   * When the scope is cancelled, on the run's clock; `Infinity` for never. Assignable: acts at once, earlier or later, from
   * anywhere. A time that has passed cancels. Once the scope was cancelled, or left, it has no effect any more.
   *
   * @throws {MisuseError} the scope has a `timeout` and was not entered yet, so its deadline is not known.
   * @throws {RangeError} it is NaN, or can only come from `Date.now()`.
   */
  get deadline(): number {
    if (this.#entered) return this.#status.deadline?.time ?? Infinity;
    this.#requireKnownDeadline();
    return this.#firstDeadline;
  }
  set deadline(time: number) {
    const status = this.#status;
    checkTime(time, "CancelScope.deadline", status.runtime);
    if (this.#entered) {
      setDeadline(status, time);
      return;
    }
    this.#requireKnownDeadline();
    this.#firstDeadline = time;
  }

  /** Whether cancellation of the scopes around it is invisible inside. Assignable: acts at once. */
  get shield(): boolean {
    return this.#status.shielded;
  }
  set shield(shield: boolean) {
    checkBoolean(shield, "CancelScope.shield");
    this.#status.setShield(shield);
  }

  /**
   * Whether the scope itself was cancelled: `cancel()` was called, its deadline passed, its signal aborted. Never unset.
   * It does not say that anything came of it: `cancel()` after the last checkpoint counts, also after the scope was left. A
   * deadline that passes, or a signal that aborts, after the scope was left does not.
   */
  get cancelCalled(): boolean {
    // What has happened counts, although the timer that would tell may be late, or there is none before entry. It is acted
    // upon, because an answer that a later deadline takes back would be none.
    this.#noticeWhatIsDue();
    return this.#cancelRequested || this.#status.own !== undefined;
  }

  /** Whether the scope caught its cancellation, or at least took it out of a group of errors that went on. */
  get cancelledCaught(): boolean {
    return this.#cancelledCaught;
  }

  /**
   * An `AbortSignal` that aborts when the scope becomes cancelled, by itself or from outside; its reason is our
   * `Cancelled`. Made when first read. Leaving the scope without a cancellation does not abort it.
   */
  get signal(): AbortSignal {
    return signalOf(this.#status);
  }

  /** @internal What its caller gets when it has caught its own cancellation. */
  protected goOn(): undefined {
    return undefined;
  }

  #enter(): void {
    const status = this.#status;
    if (this.#entered) {
      throw new MisuseError(
        `The scope "${this.name}" was entered before; a CancelScope is for one block: make a new one.`,
      );
    }
    this.#entered = true;
    status.bind(currentStatus());
    const timeout = this.#timeout ?? Infinity;
    if (timeout !== Infinity) {
      const now = status.runtime.clock.now();
      setDeadline(status, now + timeout, now);
    } else if (this.#firstDeadline !== Infinity) setDeadline(status, this.#firstDeadline);
  }

  /** The value of a block that ended with an error, or a throw. */
  #leaveWith(error: unknown): undefined {
    const status = this.#status;
    const outcome = unwind(status, error, "scope");
    if (outcome.kind === "caught") {
      this.#cancelledCaught = true;
      return this.goOn();
    }
    this.#cancelledCaught = status.catches && outcome.error !== error;
    throw outcome.error;
  }

  /** Follows the foreign signal, if there is one. Gives a function that stops it. */
  #listen(): (() => void) | undefined {
    const signal = this.#foreignSignal;
    if (signal === undefined) return undefined;
    if (signal.aborted) {
      this.#follow(signal);
      return undefined;
    }
    return followSignal(signal, () => {
      this.#follow(signal);
    });
  }

  #follow(signal: AbortSignal): void {
    this.#cancel({ source: "signal", reason: signal.reason, scope: this.name });
  }

  /** Cancels if the deadline has passed, or the signal aborted before entry, and nobody has noticed yet. */
  #noticeWhatIsDue(): void {
    const status = this.#status;
    if (status.own !== undefined || status.closed) return;
    const deadline = this.#entered ? (status.deadline?.time ?? Infinity) : this.#firstDeadline;
    if (this.#foreignSignal?.aborted === true) this.#follow(this.#foreignSignal);
    else if (deadline <= status.runtime.clock.now()) status.cancel({ source: "deadline", scope: this.name });
  }

  #cancel(reason: CancelReason): void {
    const status = this.#status;
    if (status.own === undefined) status.cancel(withCancelSite(status.runtime, reason));
  }

  #requireKnownDeadline(): void {
    if (this.#timeout === undefined) return;
    throw new MisuseError(
      `The deadline of the scope "${this.name}" counts from its entry and is not known before; construct it with ` +
        "{ deadline } instead of { timeout }, or use it inside the block.",
    );
  }
}

function checkSignal(signal: unknown): void {
  const { aborted, addEventListener } = (signal ?? {}) as Partial<AbortSignal>;
  if (typeof aborted === "boolean" && typeof addEventListener === "function") return;
  throw new TypeError(
    "CancelScope.signal needs an AbortSignal; of an AbortController pass controller.signal.",
  );
}
