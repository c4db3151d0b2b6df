import type { Rule } from "./rule.ts";
import { checkpointNotSleepZero } from "./rules/checkpoint-not-sleep-zero.ts";
import { loopWithoutCheckpoint } from "./rules/loop-without-checkpoint.ts";
import { noAwaitInCatchBeforeThrow } from "./rules/no-await-in-catch-before-throw.ts";
import { noBlockingCall } from "./rules/no-blocking-call.ts";
import { noFloatingTask } from "./rules/no-floating-task.ts";
import { noForeignAwaitInScope } from "./rules/no-foreign-await-in-scope.ts";
import { noPollingSleep } from "./rules/no-polling-sleep.ts";
import { noPromiseCombinators } from "./rules/no-promise-combinators.ts";
import { noRaiseGroupMember } from "./rules/no-raise-group-member.ts";
import { noScopeEscape } from "./rules/no-scope-escape.ts";
import { noSwallowedCancelled } from "./rules/no-swallowed-cancelled.ts";
import { noUnstructuredSpawn } from "./rules/no-unstructured-spawn.ts";
import { preferSignal } from "./rules/prefer-signal.ts";
import { resourceOutlivedByTask } from "./rules/resource-outlived-by-task.ts";
import { runClockDeadline } from "./rules/run-clock-deadline.ts";
import { scopeWithoutCheckpoint } from "./rules/scope-without-checkpoint.ts";
import { sleepForever } from "./rules/sleep-forever.ts";
import { startedNeverCalled } from "./rules/started-never-called.ts";
import { unshieldedAwaitInCleanup } from "./rules/unshielded-await-in-cleanup.ts";

/** Every rule, by the name under which a configuration has it. */
export const rules: Readonly<Record<string, Rule>> = {
  "checkpoint-not-sleep-zero": checkpointNotSleepZero,
  "loop-without-checkpoint": loopWithoutCheckpoint,
  "no-await-in-catch-before-throw": noAwaitInCatchBeforeThrow,
  "no-blocking-call": noBlockingCall,
  "no-floating-task": noFloatingTask,
  "no-foreign-await-in-scope": noForeignAwaitInScope,
  "no-polling-sleep": noPollingSleep,
  "no-promise-combinators": noPromiseCombinators,
  "no-raise-group-member": noRaiseGroupMember,
  "no-scope-escape": noScopeEscape,
  "no-swallowed-cancelled": noSwallowedCancelled,
  "no-unstructured-spawn": noUnstructuredSpawn,
  "prefer-signal": preferSignal,
  "resource-outlived-by-task": resourceOutlivedByTask,
  "run-clock-deadline": runClockDeadline,
  "scope-without-checkpoint": scopeWithoutCheckpoint,
  "sleep-forever": sleepForever,
  "started-never-called": startedNeverCalled,
  "unshielded-await-in-cleanup": unshieldedAwaitInCleanup,
};
