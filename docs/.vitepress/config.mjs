import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { defineConfig } from "vitepress";

import { publishedPackages } from "../../scripts/workspace.mjs";
import { linkRule, repository } from "./links.mjs";
import { outputRule } from "./output.mjs";
import { pictureRule } from "./pictures.mjs";

const docs = fileURLToPath(new URL("..", import.meta.url));

/** Pages that site/pages.mjs writes. */
const packagePages = publishedPackages().map(({ directory, name }) => ({
  text: name,
  link: `/packages/${directory}`,
}));

const apiPages = publishedPackages()
  .filter(({ name }) => name !== "espalier")
  .flatMap(({ doors }) => doors)
  .map(({ specifier }) => ({ text: specifier, link: `/api/${specifier.replace("@espalier/", "")}` }));

/** The decisions in their order, named by their headings. */
const decisionPages = readdirSync(join(docs, "decisions"))
  .filter((name) => /^\d+-.*\.md$/.test(name))
  .sort()
  .map((name) => {
    const heading = /^# (.*)$/m.exec(readFileSync(join(docs, "decisions", name), "utf8"));
    return { text: heading?.[1] ?? name, link: `/decisions/${name.replace(/\.md$/, "")}` };
  });

/** Pages that a script writes; an entry only where there is one. */
const measured = [
  { text: "Size", link: "/size" },
  { text: "Benchmarks", link: "/benchmarks" },
].filter(({ link }) => existsSync(join(docs, `${link.slice(1)}.md`)));

const guide = [
  {
    text: "Learn",
    items: [
      { text: "Getting started", link: "/guide/getting-started" },
      { text: "Tutorial", link: "/guide/tutorial" },
      { text: "When something is odd", link: "/guide/debugging" },
      { text: "Questions", link: "/guide/questions" },
    ],
  },
  {
    text: "Recipes",
    items: [
      { text: "All recipes", link: "/recipes/" },
      { text: "HTTP handler", link: "/recipes/http-handler" },
      { text: "First good answer", link: "/recipes/first-good-answer" },
      { text: "Worker pool", link: "/recipes/worker-pool" },
      { text: "Retries", link: "/recipes/retries" },
      { text: "Rate limits", link: "/recipes/rate-limits" },
      { text: "Server-sent events", link: "/recipes/server-sent-events" },
      { text: "Graceful shutdown", link: "/recipes/graceful-shutdown" },
    ],
  },
  {
    text: "Coming from",
    items: [
      { text: "Promise and AbortController", link: "/coming-from/promises" },
      { text: "asyncio", link: "/coming-from/asyncio" },
      { text: "Trio and AnyIO", link: "/coming-from/trio" },
      { text: "Effection", link: "/coming-from/effection" },
      { text: "Effect", link: "/coming-from/effect" },
      { text: "Go", link: "/coming-from/go" },
    ],
  },
  {
    text: "About",
    items: [
      { text: "Comparison", link: "/comparison" },
      { text: "Design", link: "/design" },
      { text: "Glossary", link: "/glossary" },
      ...measured,
      { text: "Decisions", link: "/decisions/" },
    ],
  },
];
const reference = [
  { text: "Packages", items: packagePages },
  { text: "API reference", items: apiPages },
];
const decisions = [{ text: "Decisions", items: [{ text: "All", link: "/decisions/" }, ...decisionPages] }];

export default defineConfig({
  title: "Espalier",
  description: "Structured concurrency for plain async/await in TypeScript.",
  lang: "en",
  base: process.env["ESPALIER_DOCS_BASE"] ?? "/",
  rewrites: { "decisions/README.md": "decisions/index.md" },
  head: [["link", { rel: "icon", type: "image/svg+xml", href: "/logo.svg" }]],
  lastUpdated: false,
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    config(markdown) {
      linkRule(markdown);
      outputRule(markdown);
      pictureRule(markdown);
    },
  },
  transformPageData(page) {
    // Nobody edits what a script has written.
    if (/^(packages|api)\//.test(page.relativePath)) page.frontmatter.editLink = false;
  },
  themeConfig: {
    logo: "/logo.svg",
    nav: [
      { text: "Start", link: "/guide/getting-started" },
      { text: "Tutorial", link: "/guide/tutorial" },
      { text: "Recipes", link: "/recipes/" },
      { text: "Packages", link: "/packages/core", activeMatch: "^/packages/" },
      { text: "API", link: "/api/", activeMatch: "^/api/" },
      { text: "Comparison", link: "/comparison" },
    ],
    sidebar: {
      "/packages/": reference,
      "/api/": reference,
      "/decisions/": [...decisions, ...guide.slice(-1)],
      "/": guide,
    },
    outline: { level: [2, 3] },
    search: { provider: "local" },
    socialLinks: [{ icon: "github", link: repository }],
    editLink: { pattern: `${repository}/blob/main/docs/:path`, text: "The source of this page" },
    footer: { message: "MIT licensed.", copyright: "The Espalier authors" },
  },
});
