import type { Effort } from "./measure.ts";
import { measureInProcess } from "./process-cell.ts";
import { mean, median } from "./statistics.ts";
import type { Growth } from "./table.ts";

/** What is counted, the workload, and who does it from the smallest number to the largest. */
const series = [
  { workload: "spawn", items: "tasks in one nursery", contenders: ["raw", "espalier"] },
  { workload: "rendezvous", items: "items through a channel", contenders: ["raw", "espalier"] },
  { workload: "sleeps", items: "concurrent sleeps", contenders: ["raw", "espalier"] },
  // Bare async functions in each other end with the stack, after some thousand.
  { workload: "nesting", items: "scopes nested in each other", contenders: ["espalier"] },
];

/** The numbers of items. */
export const sizes = [1_000, 10_000, 100_000, 1_000_000];

/** Of 1,000 items many runs, of 1,000,000 a single one after the warm-up. */
const effort: Effort = { warmUp: { runs: 200, ms: 300 }, counted: { runs: 50, ms: 300 } };

/** Measures what one item costs, for numbers of items three orders of magnitude apart. */
export async function measureGrowth(
  node: string,
  report: (line: string) => void,
  repeats: number,
  numbers: readonly number[],
): Promise<Growth[]> {
  const found: Growth[] = [];
  for (const { workload, items, contenders } of series) {
    const lines: Growth["lines"][number][] = [];
    for (const contender of contenders) {
      const points: { size: number; nsPerItem: number }[] = [];
      for (const size of numbers) {
        const each: number[] = [];
        for (let i = 0; i < repeats; i++) {
          const { busyMs } = await measureInProcess(node, workload, contender, size, effort);
          each.push((mean(busyMs) / size) * 1e6);
        }
        points.push({ size, nsPerItem: median(each) });
      }
      report(
        `  ${items}, ${contender}: ${points.map(({ nsPerItem }) => nsPerItem.toFixed(0)).join(", ")} ns`,
      );
      lines.push({ contender, points });
    }
    found.push({ workload, items, processes: repeats, lines });
  }
  return found;
}
