// Makes the pages that are not written by hand: a page for each package, from its README, and the API reference, from the
// doc comments. They go to docs/packages/ and docs/api/, which are not kept in the repository.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { Application, OptionDefaults } from "typedoc";

import { publishedPackages, root } from "../../scripts/workspace.mjs";

const docs = dirname(dirname(fileURLToPath(import.meta.url)));
const packages = publishedPackages();

rmSync(join(docs, "packages"), { recursive: true, force: true });
mkdirSync(join(docs, "packages"), { recursive: true });
for (const { directory, folder } of packages) {
  const readme = readFileSync(join(folder, "README.md"), "utf8");
  writeFileSync(join(docs, "packages", `${directory}.md`), readme);
}

// One page for each door. The umbrella has no names of its own.
const doors = packages.filter(({ name }) => name !== "espalier").flatMap((each) => each.doors);

rmSync(join(docs, "api"), { recursive: true, force: true });
const app = await Application.bootstrapWithPlugins({
  plugin: ["typedoc-plugin-markdown"],
  entryPoints: doors.map(({ source }) => source),
  tsconfig: join(docs, "site", "tsconfig.api.json"),
  out: join(docs, "api"),
  blockTags: [...OptionDefaults.blockTags, "@checkpoint", "@cancellation"],
  router: "module",
  groupOrder: ["Functions", "Classes", "Variables", "Interfaces", "Type Aliases"],
  readme: "none",
  name: "API",
  excludeExternals: true,
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  entryFileName: "index",
  useCodeBlocks: true,
  // VitePress numbers headings of the same name differently.
  useHTMLAnchors: true,
  anchorPrefix: "api-",
  parametersFormat: "table",
  propertiesFormat: "table",
  pageTitleTemplates: { index: "API reference", module: ({ name }) => `@espalier/${name}` },
  skipErrorChecking: true, // the packages check their own types
  logLevel: "Warn",
});
const project = await app.convert();
if (project === undefined || app.logger.hasErrors()) process.exit(1);
// TypeDoc names a door by its file, "core/src/lowlevel"; a reader knows it by what is imported, "@espalier/core/lowlevel".
for (const door of project.children ?? []) door.name = door.name.replace(/\/src\b/, "");
await app.generateOutputs(project);
if (app.logger.hasErrors()) process.exit(1);
