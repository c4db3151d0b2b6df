import * as espalier from "espalier";
import * as lowlevel from "@espalier/core/lowlevel";
import * as testing from "@espalier/testing";
import { expect, it } from "vitest";
import {
  bodyArguments,
  bodyLists,
  isEspalierModule,
  noNeedToAwait,
  promisesFrom,
  timeLimits,
  uninterrupted,
} from "../../src/analysis/exports.ts";

const exported: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...Object.entries(testing),
  ...Object.entries(lowlevel),
  ...Object.entries(espalier),
]);

it("the rules know no function that the packages do not export", () => {
  const known = [bodyLists, noNeedToAwait, promisesFrom, timeLimits, uninterrupted].flatMap((set) => [
    ...set,
  ]);
  for (const name of [...known, ...Object.keys(bodyArguments)]) {
    expect({ name, is: typeof exported.get(name) }).toEqual({ name, is: "function" });
  }
});

it("the rules know every async function that the packages export", () => {
  // Compiled down to it or not: what is declared `async` gives its name away.
  const unknown = [...exported]
    .filter(([, value]) => typeof value === "function" && value.constructor.name === "AsyncFunction")
    .map(([name]) => name)
    .filter((name) => !promisesFrom.has(name));
  expect(unknown.sort(), "add them to promisesFrom in src/analysis/exports.ts").toEqual([]);
});

it("knows our modules from others", () => {
  for (const module of [
    "espalier",
    "espalier/core",
    "@espalier/core",
    "@espalier/core/lowlevel",
    "@espalier/to-thread",
  ]) {
    expect({ module, ours: isEspalierModule(module) }).toEqual({ module, ours: true });
  }
  for (const module of [
    "espaliers",
    "@espalier/eslint-plugin",
    "./espalier",
    "@other/espalier",
    "espalier-x",
  ]) {
    expect({ module, ours: isEspalierModule(module) }).toEqual({ module, ours: false });
  }
});
