export { abandonOnCancel } from "./abandon-on-cancel.ts";
export { CancelScope, type CancelScopeOptions } from "./cancel-scope.ts";
export { currentSignal } from "./current-signal.ts";
export { failAfter, failAt, type TimeLimit } from "./fail-after.ts";
export type { TimeLimitOptions } from "./limit-options.ts";
export { moveOnAfter, moveOnAt } from "./move-on.ts";
export { shielded, type ShieldedOptions } from "./shielded.ts";
export { TooSlowError } from "./too-slow-error.ts";
export { withSignal } from "./with-signal.ts";
