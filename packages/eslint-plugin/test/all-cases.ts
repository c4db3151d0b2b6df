import { readdirSync } from "node:fs";
import type { Cases, InvalidCase, ValidCase } from "./case.ts";

const names = readdirSync(new URL("cases/", import.meta.url)).map((file) => file.replace(/\.ts$/, ""));

export interface NamedCase extends ValidCase {
  readonly rule: string;
  readonly name: string;
  readonly invalid: InvalidCase | undefined;
}

function named(rule: string, { valid, invalid }: Cases): NamedCase[] {
  return [
    ...valid.map((each, index) => ({
      ...(typeof each === "string" ? { code: each } : each),
      rule,
      name: `${rule}-valid-${String(index)}`,
      invalid: undefined,
    })),
    ...invalid.map((each, index) => ({
      ...each,
      rule,
      name: `${rule}-invalid-${String(index)}`,
      invalid: each,
    })),
  ];
}

const modules = await Promise.all(
  names.map(async (name) => (await import(`./cases/${name}.ts`)) as { cases: Cases }),
);

/** Every case of `cases/<rule>.ts`, under a name of its own. */
export const namedCases: readonly NamedCase[] = modules.flatMap(({ cases }, index) =>
  named(names[index]!, cases),
);
