import { expect, it } from "vitest";
import { namedCases } from "./all-cases.ts";
import { whole } from "./case.ts";
import { complaints, pathOf, programOf } from "./compiler.ts";

const versions = namedCases.flatMap(({ name, code, invalid }) => [
  { title: `${name} compiles`, path: pathOf(name), text: code },
  ...(invalid?.output === undefined
    ? []
    : [{ title: `${name} compiles after its fix`, path: pathOf(`${name}-fixed`), text: invalid.output }]),
  ...(invalid?.suggestion === undefined
    ? []
    : [
        {
          title: `${name} compiles after its suggestion`,
          path: pathOf(`${name}-suggested`),
          text: invalid.suggestion,
        },
      ]),
]);
const program = programOf(new Map(versions.map(({ path, text }) => [path, whole(text)])));

it.each(versions)("$title", ({ path }) => {
  expect(complaints(program, path)).toEqual([]);
});
