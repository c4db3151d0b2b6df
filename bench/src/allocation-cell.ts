// How much one job allocates: `node --expose-gc <semi-space flags> dist/allocation-cell.js <workload> <contender> <size>`.
// Prints bytes per operation as one line of JSON. What is counted includes the garbage, so that no collection may come in
// between: the young generation has to be large enough (`allocationFlags` in allocation.ts).
import { PerformanceObserver } from "node:perf_hooks";
import { loadContender } from "./contenders/index.ts";
import { jobOf } from "./measure.ts";
import { Meter } from "./meter.ts";
import { median } from "./statistics.ts";
import { findWorkload } from "./workloads/find.ts";

const [workloadName = "", contenderName = "", size = ""] = process.argv.slice(2);
const { key, workload } = findWorkload(workloadName);
const job = jobOf(await loadContender(contenderName), key);
if (job === undefined) throw new Error(`${contenderName} leaves out ${workloadName}`);

const collections: number[] = [];
new PerformanceObserver((list) => {
  for (const { startTime } of list.getEntries()) collections.push(startTime);
}).observe({ entryTypes: ["gc"] });

const found: number[] = [];
for (let i = 0; i < 6; i++) {
  globalThis.gc?.();
  const meter = new Meter();
  meter.start();
  const start = performance.now();
  const before = process.memoryUsage().heapUsed;
  const result = await job(Number(size), meter);
  const after = process.memoryUsage().heapUsed;
  const end = performance.now();
  meter.stop();
  workload.check(result, Number(size), meter.elapsedMs);
  await new Promise((resolve) => setTimeout(resolve, 5)); // the observer is told later
  if (collections.some((at) => at > start && at < end))
    throw new Error("the garbage was collected: allow more memory");
  // the first runs are compiled while they run
  if (i >= 3) found.push((after - before) / Number(size));
}
console.log(JSON.stringify(median(found)));
