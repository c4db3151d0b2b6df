const hooks =
  "On Node 20 each promise inside an `AsyncLocalStorage` context goes through the promise hooks (`promiseInitHook`, " +
  "`lookupPublicResource`, `_propagate`).";
const copy =
  "On Node 24 the context costs nothing at an `await`, but each `als.run` copies the frame of all stores; without one a task or a " +
  "scope would have no place of its own.";
const alive = "The collector copies tasks that are all alive at once (the bytes of each are below).";
const waits =
  "A wait that can be cancelled is five objects (the operation, its promise with two functions, its place in the queue) where raw, " +
  "which can cancel nothing, has two; no single function of ours takes a tenth of the time.";
const full =
  "The buffer is full nearly always, because the sender is faster: each item is a sender that waits.";
const starves =
  "At each checkpoint we ask whether the scope is cancelled and whether the turn of the event loop may go on. raw asks neither, and its " +
  "timer waits until the end (the delays are below).";
const unwind =
  "Each task unwinds with its error until the nursery knows; raw's sleepers swallow one shared error where they are. Tasks, scopes and " +
  "operations, some 150 MB of them, are each touched once more, and miss the cache.";
const depth =
  "The checkpoint itself does not know how deep it is (84 ns outside all scopes, 91 ns at depth 1,000, on Node 24).";
const perMessage = "Two waits that can be cancelled for each message, where node:net has a callback.";

/** Why a row misses its target, by workload and major version of Node: how to read the shares in its profile. */
export const findings: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  spawn: { 20: `${alive} ${hooks}`, 24: `${alive} ${copy}` },
  "nursery-tree": {
    20: `16,383 nurseries and 32,766 tasks, most of them alive at once. ${hooks}`,
    24: `16,383 nurseries and 32,766 tasks, most of them alive at once. ${copy}`,
  },
  rendezvous: { 20: `${hooks} ${waits}`, 24: waits },
  "channel-64": { 20: `${full} ${waits} ${hooks}`, 24: `${full} ${waits}` },
  "channel-4x4": { 20: `${full} ${waits} ${hooks}`, 24: `${full} ${waits}` },
  "channel-chain": { 20: `${hooks} ${waits}`, 24: waits },
  "time-limit": { 20: hooks, 24: copy },
  "cancel-sleepers": { 20: unwind, 24: unwind },
  sleeps: {
    20: "The heap of deadlines, and settling promises that have long left the cache.",
    24: "The heap of deadlines, and settling promises that have long left the cache.",
  },
  sleepers: { 20: `A task round each sleep. ${alive}`, 24: `A task round each sleep. ${alive}` },
  "ping-pong": { 20: `${hooks} ${starves}`, 24: starves },
  "nested-scopes": { 20: hooks, 24: copy },
  "deep-checkpoints": {
    20: `${hooks} ${depth}`,
    24: `${depth} Opening the 1,000 scopes is a part of the row.`,
  },
  "parked-heap": {
    20: "The task, its status, the operation with its promise, and the reactions that tell the nursery; raw has neither name nor end.",
    24: "The task, its status, the operation with its promise, the reactions that tell the nursery, and the frame of its context; raw has neither name nor end.",
  },
  "echo-64": { 20: perMessage, 24: perMessage },
  "echo-1": { 20: perMessage, 24: perMessage },
  "cold-import": { 20: "", 24: "" },
};
