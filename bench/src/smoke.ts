import { countAllocation } from "./allocation.ts";
import { measureColdImport } from "./cold-import.ts";
import { takersOf } from "./contenders/index.ts";
import type { Effort } from "./measure.ts";
import { measureInProcess } from "./process-cell.ts";
import { findWorkload } from "./workloads/find.ts";

const once: Effort = { warmUp: { runs: 0, ms: 0 }, counted: { runs: 1, ms: 0 } };

/**
 * Runs every cell once, small, in a process of its own, several at a time: that it runs and the result is right, not how
 * fast. Gives the number of cells; rejects if one fails.
 */
export async function smokeTest(
  node: string,
  workloads: readonly string[],
  contenders: readonly string[],
): Promise<number> {
  let cells = 0;
  for (const name of workloads) {
    const { key, workload } = findWorkload(name);
    const takers = await takersOf(key, contenders);
    await Promise.all(takers.map((each) => measureInProcess(node, name, each, workload.size.smoke, once)));
    cells += takers.length;
  }
  await measureColdImport(node, 1, () => undefined);
  await countAllocation(node, () => undefined, 200);
  return cells;
}
