// Rehearses a release, against nothing (`npm run rehearse`): takes a copy of the tree as it is, lets the changesets raise the
// versions and write the changelogs, packs every package, looks into the tarballs, installs and uses them as strangers do, and
// has npm publish each of them dry. Neither the repository nor a registry is touched. With --keep the copy stays, to be read.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { publishedPackages, root } from "./workspace.mjs";

const windows = process.platform === "win32";
const npm = windows ? "npm.cmd" : "npm";
/** Nothing listens there: whoever asks a registry after all fails. */
const nowhere = "http://127.0.0.1:9/";

function execute(command, args, cwd) {
  const result = spawnSync(command, args, { cwd, encoding: "utf8", maxBuffer: 2 ** 26, shell: windows });
  if (result.status === 0) return result.stdout;
  throw new Error(
    `${command} ${args.join(" ")} ended with ${result.status}.\n${result.stdout}${result.stderr}`,
  );
}

/** A copy of everything that is, or could be, checked in, and of what was built; a repository of its own. */
function copyTree(to) {
  const files = execute("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], root);
  const built = publishedPackages().map(({ directory }) => `packages/${directory}/dist`);
  for (const file of [...files.split("\0"), ...built]) {
    if (file === "" || !existsSync(join(root, file))) continue;
    mkdirSync(dirname(join(to, file)), { recursive: true });
    cpSync(join(root, file), join(to, file), { recursive: true });
  }
  execute("git", ["init", "--quiet"], to);
  execute("git", ["add", "--all"], to);
  const who = ["-c", "user.name=rehearsal", "-c", "user.email=rehearsal@localhost"];
  execute("git", [...who, "commit", "--quiet", "--no-verify", "--message=rehearsal"], to);
}

/** The published packages of the copy. */
function manifests(copy) {
  return publishedPackages().map(({ name, directory }) => ({
    name,
    directory,
    manifest: JSON.parse(readFileSync(join(copy, "packages", directory, "package.json"), "utf8")),
  }));
}

/** What is wrong with a tarball. */
function inspect(tarball, { name, manifest }) {
  const listed = execute("tar", ["-tzf", tarball], root).split(/\r?\n/);
  const packed = JSON.parse(execute("tar", ["-xzOf", tarball, "package/package.json"], root));
  const problems = [];
  for (const file of [
    "LICENSE",
    "README.md",
    "CHANGELOG.md",
    "dist/index.js",
    "dist/index.d.ts",
    "src/index.ts",
  ])
    if (!listed.includes(`package/${file}`)) problems.push(`${name}: ${file} is not in the tarball`);
  for (const file of listed) {
    if (/\/(test|bench|node_modules|\.vitest|\.turbo)\/|tsconfig|\.config\.ts$/.test(file))
      problems.push(`${name}: ${file} is in the tarball`);
  }
  for (const [dependency, range] of Object.entries(packed.dependencies ?? {}))
    if (range.startsWith("workspace:")) problems.push(`${name}: ${dependency} is "${range}" in the tarball`);
  if (packed.version !== manifest.version) problems.push(`${name}: ${packed.version} was packed`);
  if (packed.publishConfig?.access !== "public" || packed.publishConfig.provenance !== true)
    problems.push(`${name}: publishConfig has to say { "access": "public", "provenance": true }`);
  return problems;
}

const place = realpathSync(mkdtempSync(join(tmpdir(), "espalier-release-")));
const copy = join(place, "tree");
const tarballs = join(place, "tarballs");
const problems = [];
try {
  mkdirSync(copy);
  copyTree(copy);
  const before = new Map(manifests(copy).map(({ name, manifest }) => [name, manifest.version]));

  const changeset = join(root, "node_modules", "@changesets", "cli", "bin.js");
  execute(process.execPath, [changeset, "version"], copy);
  const released = manifests(copy).filter(({ name, manifest }) => manifest.version !== before.get(name));
  for (const { name, directory, manifest } of released) {
    console.log(`\n${name} ${before.get(name)} -> ${manifest.version}`);
    const [, newest] = readFileSync(join(copy, "packages", directory, "CHANGELOG.md"), "utf8").split(/^## /m);
    // Without its heading, the version.
    console.log(
      newest
        .slice(newest.indexOf("\n"))
        .trim()
        .replace(/^(?=.)/gm, "    "),
    );
  }
  if (released.length === 0) console.log("No changeset waits: nothing would be released.");

  if (released.length > 0) {
    execute("pnpm", ["install", "--prefer-offline", "--frozen-lockfile", "--ignore-scripts"], copy);
    execute(
      "pnpm",
      [...released.map(({ name }) => `--filter=${name}`), "pack", "--pack-destination", tarballs],
      copy,
    );
    console.log("");
    for (const each of released) {
      const { name, manifest } = each;
      const tarball = join(tarballs, `${name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`);
      problems.push(...inspect(tarball, each));
      // npm attests where a package was built in a workflow only.
      const dry = [
        "publish",
        tarball,
        "--dry-run",
        "--provenance=false",
        `--registry=${nowhere}`,
        "--fetch-retries=0",
        "--loglevel=error",
      ];
      console.log(`would publish ${execute(npm, dry, place).trim().replace(/^\+ /, "")}`);
    }
    console.log(execute(process.execPath, ["scripts/check-packed.mjs"], copy).trim());
  }
} catch (error) {
  problems.push(error.message);
} finally {
  if (process.argv.includes("--keep")) console.log(`\n${copy}`);
  else rmSync(place, { recursive: true, force: true });
}
for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? "\nThe release can be made." : `\n${problems.length} problems.`);
process.exit(problems.length === 0 ? 0 : 1);
