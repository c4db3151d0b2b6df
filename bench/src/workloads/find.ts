import { type AnyWorkload, workloads } from "./index.ts";

export type WorkloadKey = keyof typeof workloads;

/** The workload of that name, with the key under which contenders have its job. */
export function findWorkload(name: string): { readonly key: WorkloadKey; readonly workload: AnyWorkload } {
  for (const [key, workload] of Object.entries(workloads))
    if (workload.name === name) return { key: key as WorkloadKey, workload: workload as AnyWorkload };
  const names = Object.values(workloads).map((workload) => workload.name);
  throw new Error(`there is no workload "${name}"; there are: ${names.join(", ")}`);
}
