// Written by scripts/umbrella.mjs (npm run api).

export {
  type Body,
  type ExponentialDelayOptions,
  type ItemSource,
  type MapConcurrentOptions,
  type MapFunction,
  type RetryOptions,
  all,
  allSettled,
  any,
  every,
  exponentialDelay,
  mapConcurrent,
  race,
  retry,
} from "@espalier/combinators";
