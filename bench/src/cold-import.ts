import { baseline } from "./contenders/index.ts";
import { answerOf, program } from "./process-cell.ts";
import { median, pairedRatio } from "./statistics.ts";
import type { Row } from "./table.ts";

/** What is imported: by us and by the peers the module that has a time limit. */
const modules: Readonly<Record<string, string>> = {
  [baseline]: "./empty.js",
  espalier: "@espalier/cancel-scope",
  effect: "effect/Effect",
  effection: "effection",
};

interface Import {
  /** From the start of the process to its end. */
  readonly processMs: number;
  /** The import alone. */
  readonly importMs: number;
}

/** The life of a process that imports one package and does nothing else, against one that imports an empty module. */
export async function measureColdImport(
  node: string,
  repeats: number,
  report: (line: string) => void,
): Promise<Row> {
  const names = Object.keys(modules);
  const again = "again";
  const found = new Map<string, Import[]>([...names, again].map((name) => [name, []]));
  for (let round = 0; round < repeats; round++) {
    for (const name of [...names, again])
      found.get(name)?.push(await importOnce(node, modules[name === again ? baseline : name] as string));
  }
  const of = (name: string, figure: keyof Import): number[] =>
    (found.get(name) as Import[]).map((each) => each[figure]);
  const base = of(baseline, "processMs");
  const entries = names.map((contender) => {
    const values = of(contender, "processMs");
    const ratio = pairedRatio(values, base);
    const alone = median(of(contender, "importMs"));
    report(
      `  ${contender.padEnd(12)} ${median(values).toFixed(1)} ms  ${ratio.median.toFixed(2)}  ${alone.toFixed(1)}`,
    );
    return { contender, values, median: median(values), ratio, beside: { "the import alone": alone } };
  });
  return {
    workload: "cold-import",
    text: "a process that imports the package with the time limit, against an empty module",
    size: 1,
    unit: "ms",
    target: 2,
    noise: pairedRatio(of(again, "processMs"), base),
    entries,
  };
}

async function importOnce(node: string, module: string): Promise<Import> {
  const start = performance.now();
  const importMs = await answerOf<number>(node, [program("import-cell"), module], `import of ${module}`);
  return { processMs: performance.now() - start, importMs };
}
