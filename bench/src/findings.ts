/** Why a row misses its target, by workload and major version of Node: what a profile of its cell shows. */
export const findings: Readonly<Record<string, Readonly<Record<number, string>>>> = {};
