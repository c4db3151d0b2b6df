/** The sum, divided by how many they are. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** A ratio, with the lowest and the highest that was seen. */
export interface Ratio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The ratio of two series, pair by pair: what slows the machine down for a while slows both halves of a pair, so that the
 * ratio of neighbours says more than the ratio of medians.
 */
export function pairedRatio(values: readonly number[], baseline: readonly number[]): Ratio {
  if (values.length !== baseline.length) throw new Error("the series are not of one length");
  const ratios = values.map((value, i) => value / (baseline[i] as number));
  return { median: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios) };
}
