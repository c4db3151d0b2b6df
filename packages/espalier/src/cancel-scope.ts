// Written by scripts/umbrella.mjs (npm run api).

export {
  CancelScope,
  type CancelScopeOptions,
  type ShieldedOptions,
  type TimeLimit,
  type TimeLimitOptions,
  TooSlowError,
  abandonOnCancel,
  currentSignal,
  failAfter,
  failAt,
  moveOnAfter,
  moveOnAt,
  shielded,
  withSignal,
} from "@espalier/cancel-scope";
