import { checkpoint, detached, WouldBlock } from "@espalier/core";
import { captureOutcome, checkBody, errorText } from "@espalier/core/lowlevel";
import { unwrapSingle } from "@espalier/nursery";
import { AssertionError } from "./assertion-error.ts";
import { cancellingRules } from "./channel-rules/cancelling.ts";
import type { OpenChannel, Rule, Specimen } from "./channel-rules/channel-under-test.ts";
import { checkpointRules } from "./channel-rules/checkpoints.ts";
import { cloneRules } from "./channel-rules/clones.ts";
import { closingRules } from "./channel-rules/closing.ts";
import { conservationRule, conservationSeeds } from "./channel-rules/conservation.ts";
import { nowaitRules } from "./channel-rules/nowait.ts";
import { orderRules } from "./channel-rules/order.ts";
import { ConformanceError } from "./conformance-error.ts";
import { StallError, superviseVirtual } from "./supervise-virtual.ts";

const rules: readonly Rule[] = [
  ...orderRules,
  ...nowaitRules,
  ...cancellingRules,
  ...checkpointRules,
  ...closingRules,
  ...cloneRules,
];

/** A channel that takes so many items at once is taken for one without a limit. */
const hardlyLimited = 1000;

/** So many milliseconds of real time may a channel stand still on something foreign. */
const patienceMs = 1000;

/**
 * Proves that a kind of channel keeps the contract of the memory channel, for authors of channels: order and fairness;
 * waiting and its `Nowait` twins, which do not overtake; checkpoints; that cancelled means it did not happen, and delivered
 * stays delivered; clones; closing, breaking and ending. Last come random programs that count every item.
 *
 * Each rule is tried with new channels, under virtual time. The capacity is found out by trying; rules about senders that
 * wait are left out where there is always room. After Trio's `check_one_way_stream`.
 *
 * @checkpoint always, also between the rules
 * @cancellation Between two rules.
 * @param open - Opens a new channel, called often: `() => openMemoryChannel(8)`.
 * @throws {ConformanceError} rules are broken; its `errors` has one for each, and the message lists them.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 * @throws {TypeError} `open` is not a function.
 * @example
 * ```ts
 * import { openMemoryChannel } from "@espalier/channel";
 * import { checkChannel } from "@espalier/testing";
 *
 * await checkChannel(() => openMemoryChannel(8));
 * ```
 */
export async function checkChannel(open: OpenChannel): Promise<void> {
  checkBody(open, "checkChannel");
  await checkpoint();
  const capacity = measureCapacity(open);
  const specimen: Specimen = { open, capacity };
  const errors: AssertionError[] = [];
  for (const { rule, seed } of trials(capacity)) {
    await checkpoint();
    const outcome = await captureOutcome(() => detached(() => proveAlone(rule, specimen, seed)));
    if (outcome.kind === "value") continue;
    errors.push(violation(rule, unwrapSingle(outcome.error)));
    // What stalls once stalls again, each time for as long as our patience lasts.
    if (outcome.error instanceof StallError || seed !== undefined) break;
  }
  if (errors.length > 0) {
    const list = errors.map((error) => `- ${error.message}`).join("\n");
    throw new ConformanceError(
      errors,
      `This channel (of capacity ${capacity}) breaks ${errors.length} of the rules:\n${list}`,
    );
  }
}

function violation(rule: Rule, error: unknown): AssertionError {
  const what = error instanceof AssertionError ? error.message : errorText(error);
  return new AssertionError(`${rule.name}: ${what}`, { cause: error });
}

interface RuleTrial {
  readonly rule: Rule;
  /** For the order of resumptions, where the rule depends on it. */
  readonly seed?: number;
}

/** First what each rule says, then, for a channel that passed so far, the random programs. */
function trials(capacity: number): RuleTrial[] {
  const fitting = rules.filter((rule) => capacity !== Infinity || rule.onlyLimited !== true);
  return [
    ...fitting.map((rule) => ({ rule })),
    ...conservationSeeds.map((seed) => ({ rule: conservationRule(seed), seed })),
  ];
}

async function proveAlone(rule: Rule, specimen: Specimen, seed: number | undefined): Promise<void> {
  await superviseVirtual(() => rule.prove(specimen), {
    name: `rule: ${rule.name}`,
    caller: "checkChannel",
    patienceMs,
    ...(seed !== undefined && { seed }),
  });
}

/** How many items fit while nobody receives. */
function measureCapacity(open: OpenChannel): number {
  const [send, receive] = open();
  try {
    for (let fit = 0; fit < hardlyLimited; fit++) {
      try {
        send.sendNowait(fit);
      } catch (error) {
        if (error instanceof WouldBlock) return fit;
        throw error;
      }
    }
    return Infinity;
  } finally {
    send.close();
    receive.close();
  }
}
