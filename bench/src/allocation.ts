import { takersOf } from "./contenders/index.ts";
import { answerOf, program } from "./process-cell.ts";
import type { Allocation } from "./table.ts";
import { findWorkload } from "./workloads/find.ts";

/** So many operations; with more the young generation would have to be larger. */
const size = 20_000;
/** A young generation that holds all of them, so that nothing is collected while it is counted. */
const flags = ["--expose-gc", "--min-semi-space-size=256", "--max-semi-space-size=256"];

/** What is counted, by the workload that does hardly anything else. */
const operations: Readonly<Record<string, string>> = {
  "ping-pong": "checkpoint",
  spawn: "start a task, one checkpoint, join",
  unparked: "send and receive, nobody waits",
  rendezvous: "send and receive, somebody waits each time",
  "time-limit": "time limit round a trivial call",
  sleeps: "sleep",
};

const compared = ["raw", "raw-als", "raw-scope", "espalier"];

/** Counts the bytes that each operation allocates, garbage included. */
export async function countAllocation(
  node: string,
  report: (line: string) => void,
  counted = size,
): Promise<Allocation[]> {
  const found: Allocation[] = [];
  for (const [workload, operation] of Object.entries(operations)) {
    const bytes: Record<string, number> = {};
    for (const contender of await takersOf(findWorkload(workload).key, compared)) {
      const args = [...flags, program("allocation-cell"), workload, contender, String(counted)];
      bytes[contender] = await answerOf<number>(node, args, `allocation of ${workload} by ${contender}`);
    }
    report(
      `  ${operation}: ${Object.entries(bytes)
        .map(([name, count]) => `${name} ${count.toFixed(0)}`)
        .join(", ")}`,
    );
    found.push({ operation, bytes });
  }
  return found;
}
