/** What is behind several rows, explained once for each Node. */
export const causes = {
  hooks:
    "On Node 20 each promise inside an `AsyncLocalStorage` context goes through the promise hooks (`promiseInitHook`, " +
    "`lookupPublicResource`, `_propagate`): in a profile the share of AsyncLocalStorage.",
  "context frames":
    "On Node 24 the context costs nothing at an `await`, but each `als.run` makes two frames with a copy of all stores, one on the way in " +
    "and one on the way out: in a profile the share of AsyncLocalStorage. Without one a task or a scope would have no place of its own.",
  "all alive at once":
    "The garbage collector copies what is alive, and here everything is. A task of ours is its record, its status, and the reactions that tell the " +
    "nursery; how many bytes that makes is told below.",
  "waits that can be cancelled":
    "Such a wait is five objects (the operation, its promise with two functions, its place in the queue) where raw, which can cancel " +
    "nothing, has two. No single function of ours takes more than a tenth of the time.",
  "two checkpoints for each item":
    "Hardly anybody waits here; but sending and receiving ask each time whether the scope is cancelled and whether the turn of the event " +
    "loop may go on. raw asks neither.",
} as const;

export interface Finding {
  readonly causes: readonly (keyof typeof causes)[];
  /** What is true of this row only. */
  readonly text?: string;
}

const unwinding =
  "Each task unwinds with its error until the nursery knows; raw's sleepers swallow one shared error where they are. Tasks, scopes and " +
  "operations, some 150 MB of them, are each touched once more, and miss the cache.";
const deadlines = "The heap of deadlines, and settling promises that have long left the cache.";
const starving =
  "At each checkpoint we ask whether the scope is cancelled and whether the turn of the event loop may go on. raw asks neither, and its " +
  "timer waits until the end (the delays are below).";
const tree = "16,383 nurseries and 32,766 tasks.";
const callbacks =
  "node:net has one callback for each message; here a task waits twice, once for bytes and once until they are written. raw-scope is " +
  "what that costs by itself.";
const depth =
  "A checkpoint does not know how deep it is: on Node 24 it takes 84 ns outside all scopes and 91 ns at depth 1,000. Opening the 1,000 " +
  "scopes is a part of the row.";

/** Why a row misses its target, by workload and major version of Node: how to read the shares in its profile. */
export const findings: Readonly<Record<string, Readonly<Record<number, Finding>>>> = {
  spawn: {
    20: { causes: ["all alive at once", "hooks"] },
    24: { causes: ["all alive at once", "context frames"] },
  },
  "nursery-tree": {
    20: { causes: ["all alive at once", "hooks"], text: tree },
    24: { causes: ["all alive at once", "context frames"], text: tree },
  },
  rendezvous: {
    20: { causes: ["hooks", "waits that can be cancelled"] },
    24: { causes: ["waits that can be cancelled"] },
  },
  "channel-64": {
    20: { causes: ["hooks", "two checkpoints for each item"] },
    24: { causes: ["two checkpoints for each item"] },
  },
  "channel-4x4": {
    20: { causes: ["hooks", "two checkpoints for each item"] },
    24: { causes: ["two checkpoints for each item"] },
  },
  "channel-chain": {
    20: { causes: ["hooks", "waits that can be cancelled"] },
    24: { causes: ["waits that can be cancelled"] },
  },
  "time-limit": { 20: { causes: ["hooks"] }, 24: { causes: ["context frames"] } },
  "cancel-sleepers": {
    20: { causes: ["all alive at once", "hooks"], text: unwinding },
    24: { causes: ["all alive at once", "context frames"], text: unwinding },
  },
  sleeps: {
    20: { causes: ["all alive at once", "hooks"], text: deadlines },
    24: { causes: ["all alive at once"], text: deadlines },
  },
  sleepers: {
    20: { causes: ["all alive at once", "hooks"], text: deadlines },
    24: { causes: ["all alive at once", "context frames"], text: deadlines },
  },
  "ping-pong": { 20: { causes: ["hooks"], text: starving }, 24: { causes: [], text: starving } },
  "nested-scopes": { 20: { causes: ["hooks"] }, 24: { causes: ["context frames"] } },
  "deep-checkpoints": { 20: { causes: ["hooks"], text: depth }, 24: { causes: [], text: depth } },
  "parked-heap": {
    20: {
      causes: [],
      text: "The profile says nothing about bytes: they are the task, its status, the operation with its promise, and the reactions that tell the nursery.",
    },
    24: {
      causes: [],
      text: "The profile says nothing about bytes: they are the task, its status, the operation with its promise, the reactions that tell the nursery, and the frame of its context.",
    },
  },
  "echo-64": { 20: { causes: ["hooks"], text: callbacks }, 24: { causes: [], text: callbacks } },
  "echo-1": { 20: { causes: ["hooks"], text: callbacks }, 24: { causes: [], text: callbacks } },
};
