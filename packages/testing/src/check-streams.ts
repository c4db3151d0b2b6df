import { failAfter } from "@espalier/cancel-scope";
import { checkpoint, rethrowIfCancelled } from "@espalier/core";
import { captureOutcome, checkBody, errorText } from "@espalier/core/lowlevel";
import { unwrapSingle } from "@espalier/nursery";
import {
  acloseForcefully,
  type AsyncResource,
  type HalfCloseableStream,
  type ReceiveStream,
  type SendStream,
  type Stream,
} from "@espalier/stream";
import { AssertionError } from "./assertion-error.ts";
import { ConformanceError } from "./conformance-error.ts";
import { halfCloseableRules } from "./stream-rules/half-closeable.ts";
import { oneWayRules } from "./stream-rules/one-way.ts";
import type { MakePair, StreamRule } from "./stream-rules/stream-under-test.ts";
import { twoWayRules } from "./stream-rules/two-way.ts";

/** So many milliseconds may a rule take, on a busy machine. */
const patienceMs = 5000;

/**
 * Proves that a pair of connected ends keeps the contract of `SendStream` and `ReceiveStream`, for authors of streams: order
 * and ends, checkpoints, cancelling, closing, who is busy and who is broken. After Trio's `check_one_way_stream`.
 *
 * Each rule is tried with a new pair, in the time of the caller: real time for real sockets, virtual time inside `runVirtual`
 * for streams in memory.
 *
 * @checkpoint always, also between the rules
 * @cancellation The pair of the rule under way is closed.
 * @param make - Makes a new pair, sending end first; it may be async.
 * @param makeClogged - The same, but the sending end has sent so much that `sendAll` of a few bytes waits until somebody
 *   receives. Without it the rules about senders that wait are left out.
 * @throws {ConformanceError} rules are broken; its `errors` has one for each, and the message lists them.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 * @throws {TypeError} `make` is not a function.
 * @example
 * ```ts
 * import { checkOneWayStream, memoryStreamPair } from "@espalier/testing";
 *
 * await checkOneWayStream(() => memoryStreamPair());
 * ```
 */
export async function checkOneWayStream(
  make: MakePair<SendStream, ReceiveStream>,
  makeClogged?: MakePair<SendStream, ReceiveStream>,
): Promise<void> {
  checkBody(make, "checkOneWayStream");
  await check("checkOneWayStream", [trials(oneWayRules, make, makeClogged)]);
}

/**
 * Proves that two connected ends keep the contract of `Stream`: all of {@link checkOneWayStream} in both directions, and that
 * the directions do not disturb each other. After Trio's `check_two_way_stream`.
 *
 * @checkpoint always, also between the rules
 * @cancellation The pair of the rule under way is closed.
 * @param make - Makes a new pair; it may be async.
 * @param makeClogged - The same, but the first end has sent so much that its `sendAll` of a few bytes waits.
 * @throws {ConformanceError} rules are broken; its `errors` has one for each, and the message lists them.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 * @throws {TypeError} `make` is not a function.
 * @example
 * ```ts
 * import { checkTwoWayStream, lockstepStreamPair } from "@espalier/testing";
 *
 * await checkTwoWayStream(lockstepStreamPair, lockstepStreamPair);
 * ```
 */
export async function checkTwoWayStream(
  make: MakePair<Stream, Stream>,
  makeClogged?: MakePair<Stream, Stream>,
): Promise<void> {
  checkBody(make, "checkTwoWayStream");
  await check("checkTwoWayStream", twoWayTrials(make, makeClogged));
}

/**
 * Proves that two connected ends keep the contract of `HalfCloseableStream`: all of {@link checkTwoWayStream}, and `sendEof`.
 * After Trio's `check_half_closeable_stream`.
 *
 * @checkpoint always, also between the rules
 * @cancellation The pair of the rule under way is closed.
 * @param make - Makes a new pair; it may be async.
 * @param makeClogged - The same, but the first end has sent so much that its `sendAll` of a few bytes waits.
 * @throws {ConformanceError} rules are broken; its `errors` has one for each, and the message lists them.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 * @throws {TypeError} `make` is not a function.
 * @example
 * ```ts
 * import { checkHalfCloseableStream, memoryStreamPair } from "@espalier/testing";
 *
 * await checkHalfCloseableStream(memoryStreamPair);
 * ```
 */
export async function checkHalfCloseableStream(
  make: MakePair<HalfCloseableStream, HalfCloseableStream>,
  makeClogged?: MakePair<HalfCloseableStream, HalfCloseableStream>,
): Promise<void> {
  checkBody(make, "checkHalfCloseableStream");
  await check("checkHalfCloseableStream", [
    ...twoWayTrials(make, makeClogged),
    trials(halfCloseableRules, make, makeClogged),
  ]);
}

interface Trial {
  readonly name: string;
  readonly prove: () => Promise<void>;
}

function twoWayTrials(make: MakePair<Stream, Stream>, makeClogged?: MakePair<Stream, Stream>): Trial[][] {
  const swapped: MakePair<Stream, Stream> = async () => {
    const [a, b] = await make();
    return [b, a];
  };
  return [
    trials(oneWayRules, make, makeClogged),
    trials(oneWayRules, swapped, undefined, "the other way: "),
    trials(twoWayRules, make, makeClogged),
  ];
}

function trials<A extends AsyncResource, B extends AsyncResource>(
  rules: readonly StreamRule<readonly [A, B]>[],
  make: MakePair<A, B>,
  makeClogged: MakePair<A, B> | undefined,
  prefix = "",
): Trial[] {
  return rules.flatMap(({ name, clogged, prove }) => {
    const maker = clogged === true ? makeClogged : make;
    return maker === undefined ? [] : [{ name: prefix + name, prove: () => proveOnce(maker, prove) }];
  });
}

async function proveOnce<A extends AsyncResource, B extends AsyncResource>(
  make: MakePair<A, B>,
  prove: (a: A, b: B) => Promise<void>,
): Promise<void> {
  const [a, b] = await make();
  try {
    await failAfter(patienceMs, () => prove(a, b), { name: "stream rule" });
  } finally {
    try {
      await acloseForcefully(a);
    } finally {
      await acloseForcefully(b);
    }
  }
}

async function check(caller: string, groups: readonly Trial[][]): Promise<void> {
  await checkpoint();
  const errors: AssertionError[] = [];
  for (const { name, prove } of groups.flat()) {
    await checkpoint();
    const outcome = await captureOutcome(prove);
    if (outcome.kind === "value") continue;
    rethrowIfCancelled(outcome.error);
    const error = unwrapSingle(outcome.error);
    const what = error instanceof AssertionError ? error.message : errorText(error);
    errors.push(new AssertionError(`${name}: ${what}`, { cause: error }));
  }
  if (errors.length === 0) return;
  const list = errors.map((error) => `- ${error.message}`).join("\n");
  throw new ConformanceError(errors, `${caller}: this stream breaks ${errors.length} of the rules:\n${list}`);
}
