// Links are written so that they work where the text is read on GitHub: from file to file. Here they become links of the site.
import { posix } from "node:path";

export const repository = "https://github.com/espalier-js/espalier";

/** Where a page's text comes from, seen from the root of the repository; `page` is its path below docs/. */
export function sourceOf(page) {
  const readme = /^packages\/([\w-]+)\.md$/.exec(page);
  return readme ? `packages/${readme[1]}/README.md` : `docs/${page}`;
}

/** What a link on a page leads to on the site: another page, or, for what is not on the site, the repository. */
export function siteLink(href, page) {
  if (/^([a-z]+:|#|\/)/.test(href) || page.startsWith("api/")) return href;
  const [path, anchor] = href.split("#");
  const target = posix.join(posix.dirname(sourceOf(page)), path).replace(/\/$/, "");
  const hash = anchor === undefined ? "" : `#${anchor}`;
  const readme = /^packages\/([\w-]+)(\/README\.md)?$/.exec(target);
  if (readme) return `/packages/${readme[1]}.md${hash}`;
  if (target === "docs/decisions" || target === "docs/decisions/README.md")
    return `/decisions/index.md${hash}`;
  if (/^docs\/.*\.\w+$/.test(target)) return target.slice("docs".length) + hash;
  return `${repository}/blob/main/${target}${hash}`;
}

/** A rule for markdown-it. */
export function linkRule(markdown) {
  markdown.core.ruler.push("site-links", ({ tokens, env }) => {
    for (const { children } of tokens) {
      for (const token of children ?? []) {
        if (token.type !== "link_open") continue;
        token.attrSet("href", siteLink(token.attrGet("href") ?? "", env.relativePath ?? ""));
      }
    }
  });
}
