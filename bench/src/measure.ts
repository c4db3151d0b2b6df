import { Meter } from "./meter.ts";
import type { WorkloadKey } from "./workloads/find.ts";
import type { AnyWorkload, Contender } from "./workloads/index.ts";
import type { Job } from "./workload.ts";

/** What one process found out about one cell of the table. */
export interface Measured {
  /** The figure of each counted run. */
  readonly values: readonly number[];
  /** How long the thread was busy in each counted run, in milliseconds: without the time in which it only waited. */
  readonly busyMs: readonly number[];
  /** Figures beside the main one, of the run that gave the median. */
  readonly beside: Readonly<Record<string, number>>;
}

/** How often, and how long. */
export interface Effort {
  /** Runs that do not count, for the compiler: until so many, or so many milliseconds, are over. */
  readonly warmUp: { readonly runs: number; readonly ms: number };
  /** Runs that count: likewise, but one at least. */
  readonly counted: { readonly runs: number; readonly ms: number };
}

/** Runs one job again and again, and checks each result. */
export async function measure(
  workload: AnyWorkload,
  job: Job<unknown>,
  size: number,
  effort: Effort,
): Promise<Measured> {
  const { warmUp, counted } = effort;
  const warmedSince = performance.now();
  for (let i = 0; i < warmUp.runs && performance.now() - warmedSince < warmUp.ms; i++)
    await runOnce(workload, job, size);
  const began = performance.now();
  const found = [await runOnce(workload, job, size)];
  while (found.length < counted.runs && performance.now() - began < counted.ms)
    found.push(await runOnce(workload, job, size));
  const middle = found.toSorted((a, b) => a.value - b.value)[found.length >> 1];
  return {
    values: found.map(({ value }) => value),
    busyMs: found.map(({ busyMs }) => busyMs),
    beside: middle?.beside ?? {},
  };
}

/*
 * Nothing collects garbage between the runs. Nothing of the job is alive there, and a collection that finds no object of a
 * kind throws away what was compiled for the kind: each run would begin cold, as no program in use ever does. So one run
 * pays for the garbage of another, of its own kind, and the mean of the runs (see runner.ts) has all of it.
 */
async function runOnce(
  workload: AnyWorkload,
  job: Job<unknown>,
  size: number,
): Promise<{ value: number; busyMs: number; beside: Readonly<Record<string, number>> }> {
  const companion = await workload.beside?.();
  const meter = new Meter();
  meter.start();
  const result = await job(size, meter);
  meter.stop();
  const beside = (await companion?.stop()) ?? {};
  workload.check(result, size, meter.elapsedMs);
  const value = workload.value?.(result, size, meter.elapsedMs) ?? meter.elapsedMs;
  return { value, busyMs: meter.busyMs, beside };
}

/** The job of a contender by the workload's key; `undefined` if it leaves that one out. */
export function jobOf(contender: Contender, key: WorkloadKey): Job<unknown> | undefined {
  return contender[key] as Job<unknown> | undefined;
}
