// What the rules know of the packages. A test holds it against what they export.

/** Modules that export Espalier's names: the packages, their doors, and the umbrella. */
export function isEspalierModule(module: string): boolean {
  return /^(@espalier\/(?!eslint-plugin)[\w-]+|espalier)(\/|$)/.test(module);
}

/** Where the bodies stand among the arguments of a function that runs them in a task or a scope of its own. */
export const bodyArguments: Readonly<Record<string, readonly number[]>> = {
  run: [0],
  runMain: [0],
  runVirtual: [0],
  detached: [0],
  moveOnAfter: [1],
  moveOnAt: [1],
  failAfter: [1],
  failAt: [1],
  shielded: [0],
  withSignal: [0],
  openNursery: [0],
  retry: [1],
  every: [1],
  mapConcurrent: [2, 3],
  withProducer: [0, 1],
  exploreSchedules: [0],
  assertCheckpoints: [0],
  assertNoCheckpoints: [0],
  captureOutcome: [0],
  serveTcp: [0],
  serveTls: [0],
  serveUnix: [0],
};

/** Functions that take an array or a record of bodies. */
export const bodyLists: ReadonlySet<string> = new Set(["all", "allSettled", "any", "race"]);

/** Functions whose body is under a time limit or a cancellation of its own. */
export const timeLimits: ReadonlySet<string> = new Set(["moveOnAfter", "moveOnAt", "failAfter", "failAt"]);

/** Functions that give a promise, apart from those that take bodies. */
export const promisesFrom: ReadonlySet<string> = new Set([
  ...Object.keys(bodyArguments),
  ...bodyLists,
  "abandonOnCancel",
  "acloseForcefully",
  "cancelEverywhere",
  "checkChannel",
  "checkHalfCloseableStream",
  "checkOneWayStream",
  "checkTwoWayStream",
  "checkpoint",
  "checkpointIfCancelled",
  "openProcess",
  "openTcpListeners",
  "openTcpStream",
  "openTlsStream",
  "openUnixListener",
  "openUnixStream",
  "runProcess",
  "select",
  "serveListeners",
  "shieldedCheckpoint",
  "sleep",
  "sleepForever",
  "sleepUntil",
  "waitAllTasksBlocked",
  "wrapTlsClient",
  "wrapTlsServer",
]);

/** `runMain` ends the process itself; nothing is left to wait for. */
export const noNeedToAwait: ReadonlySet<string> = new Set(["runMain"]);

/** Waits that a cancelled scope does not cut short. */
export const uninterrupted: ReadonlySet<string> = new Set([
  "shielded",
  "shieldedCheckpoint",
  "acloseForcefully",
  "detached",
  "parkShielded",
]);
