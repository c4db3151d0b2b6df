import { readdirSync, readFileSync } from "node:fs";
import plugin, { type EspalierPlugin } from "@espalier/eslint-plugin";
import * as parser from "@typescript-eslint/parser";
import { Linter } from "eslint";
import { describe, expect, it } from "vitest";
import { namedCases } from "./all-cases.ts";
import { complaints, pathOf, programOf } from "./compiler.ts";

interface Docs {
  readonly description: string;
  readonly url: string;
  readonly preset: "recommended" | "strict";
  readonly severity: "error" | "warn";
  readonly types: "none" | "more";
}

const read = (place: string): string => readFileSync(new URL(`../${place}`, import.meta.url), "utf8");
const readme = read("README.md");
const names = Object.keys(plugin.rules ?? {});

function metaOf(name: string): {
  docs: Docs;
  fixable?: string;
  hasSuggestions?: boolean;
  schema?: unknown[];
} {
  return plugin.rules![name]!.meta as unknown as ReturnType<typeof metaOf>;
}

/** The text below a heading of the second level. */
function part(page: string, heading: string): string {
  const [, text = ""] = page.split(new RegExp(`^## ${heading}$`, "m"));
  return text.split(/^## /m)[0]!.trim();
}

const example = (page: string, heading: string): string =>
  /^```ts\n([^]*?)^```$/m.exec(part(page, heading))?.[1] ?? "";

const examples = names.flatMap((name) => {
  const page = read(`docs/rules/${name}.md`);
  return ["Wrong", "Right"].map((heading) => ({
    name,
    heading,
    code: example(page, heading),
    path: pathOf(`page-${name}-${heading}`),
  }));
});
const program = programOf(new Map(examples.map(({ path, code }) => [path, code])));

function reports(name: string, code: string, path: string): string[] {
  const typedParser = {
    parseForESLint: (text: string, options: object) =>
      parser.parseForESLint(text, { ...options, programs: [program] }),
  };
  const messages = new Linter({ configType: "flat" }).verify(
    code,
    [
      {
        files: ["**/*.ts"],
        plugins: { espalier: plugin },
        languageOptions: { parser: typedParser },
        rules: { [`espalier/${name}`]: "error" },
      },
    ],
    { filename: path },
  );
  return messages.map(({ ruleId, message }) => ruleId ?? message);
}

describe("the pages", () => {
  it("are one for each rule, and no others", () => {
    expect(readdirSync(new URL("../docs/rules", import.meta.url)).sort()).toEqual(
      names.map((name) => `${name}.md`).sort(),
    );
  });

  it.each(names)("%s: name, description, preset, parts and options", (name) => {
    const page = read(`docs/rules/${name}.md`);
    const { docs, schema = [] } = metaOf(name);
    expect(docs.url).toMatch(new RegExp(`/packages/eslint-plugin/docs/rules/${name}\\.md$`));
    expect(page.startsWith(`# ${name}\n\n${docs.description}\n`)).toBe(true);
    expect(page).toContain(
      docs.preset === "strict"
        ? "In `strict` (error)."
        : `In \`recommended\` (${docs.severity}), \`strict\`.`,
    );
    expect(page).toContain(docs.types === "none" ? "Needs no types." : "with types it sees more.");
    for (const heading of ["Why", "Wrong", "Right", "Options", "Where it is blind"]) {
      expect({ heading, text: part(page, heading) }).not.toEqual({ heading, text: "" });
    }
    const options = (schema as { properties: object }[]).flatMap(({ properties }) => Object.keys(properties));
    if (options.length === 0) expect(part(page, "Options")).toBe("None.");
    for (const option of options) expect(part(page, "Options")).toContain(`\`${option}\``);
  });

  it.each(examples)(
    "$name: the example under $heading compiles, and is judged so",
    ({ name, heading, code, path }) => {
      expect(code).not.toBe("");
      expect(complaints(program, path)).toEqual([]);
      const found = reports(name, code, path);
      expect(new Set(found)).toEqual(new Set(heading === "Wrong" ? [`espalier/${name}`] : []));
    },
  );
});

describe("the README", () => {
  it("lists every rule with what it does", () => {
    const rows = [...readme.matchAll(/^\| \[`([\w-]+)`\]\(docs\/rules\/\1\.md\)\s*\|(.*)\|$/gm)].map(
      ([, name, cells]) => [name, ...cells!.split("|").map((cell) => cell.trim())],
    );
    const expected = names.map((name) => {
      const { docs, fixable, hasSuggestions } = metaOf(name);
      return [
        name,
        docs.description,
        docs.preset === "recommended" ? docs.severity : "-",
        fixable ? "fixable" : hasSuggestions ? "suggestions" : "",
        docs.types === "more" ? "more" : "",
      ];
    });
    expect(rows).toEqual(expected);
  });
});

describe("the presets", () => {
  const presets = (plugin as EspalierPlugin).configs;

  it("recommended has its rules, with their severity", () => {
    const expected = names
      .map((name) => ({ name, docs: metaOf(name).docs }))
      .filter(({ docs }) => docs.preset === "recommended")
      .map(({ name, docs }) => [`espalier/${name}`, docs.severity]);
    expect(presets.recommended.rules).toEqual(Object.fromEntries(expected));
  });

  it("strict has all, as errors", () => {
    expect(presets.strict.rules).toEqual(
      Object.fromEntries(names.map((name) => [`espalier/${name}`, "error"])),
    );
  });

  it("work alone", () => {
    const linter = new Linter({ configType: "flat" });
    const code = 'import { sleep } from "espalier";\nexport const nothing = () => sleep(0);\n';
    for (const preset of Object.values(presets)) {
      expect(linter.verify(code, [preset]).map(({ ruleId }) => ruleId)).toEqual([
        "espalier/checkpoint-not-sleep-zero",
      ]);
    }
  });
});

it("every rule has cases that it reports and cases that it does not", () => {
  for (const name of names) {
    const cases = namedCases.filter(({ rule }) => rule === name);
    expect({ name, valid: cases.some(({ invalid }) => invalid === undefined) }).toEqual({
      name,
      valid: true,
    });
    expect({ name, invalid: cases.some(({ invalid }) => invalid !== undefined) }).toEqual({
      name,
      invalid: true,
    });
  }
  expect(new Set(namedCases.map(({ rule }) => rule))).toEqual(new Set(names));
});
