// One cell of the table, in a process of its own: `node --expose-gc dist/cell.js <workload> <contender> [size] [effort]`.
// Prints what it measured as one line of JSON. Fails if a result is wrong. To profile a cell, run it by hand with
// --cpu-prof.
import { loadContender } from "./contenders/index.ts";
import { type Effort, jobOf, measure } from "./measure.ts";
import { findWorkload } from "./workloads/find.ts";

const [workloadName = "", contenderName = "", size, effort] = process.argv.slice(2);

const { key, workload } = findWorkload(workloadName);
const job = jobOf(await loadContender(contenderName), key);
if (job === undefined) throw new Error(`${contenderName} leaves out ${workloadName}`);

const measured = await measure(
  workload,
  job,
  size === undefined ? workload.size.full : Number(size),
  effort === undefined
    ? { warmUp: { runs: 2, ms: 500 }, counted: { runs: 5, ms: 2_000 } }
    : (JSON.parse(effort) as Effort),
);
console.log(JSON.stringify(measured));
