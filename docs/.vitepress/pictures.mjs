// A picture from docs/pictures becomes part of the page, so that it follows the page's theme. Where the text is read on
// GitHub it is an image, and follows the reader's system.
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../pictures/", import.meta.url));

/** A rule for markdown-it. */
export function pictureRule(markdown) {
  const otherwise = markdown.renderer.rules.image;
  markdown.renderer.rules.image = (tokens, index, options, env, self) => {
    const source = tokens[index].attrGet("src") ?? "";
    const file = join(folder, basename(source));
    if (!/(^|\/)pictures\//.test(source) || !existsSync(file))
      return otherwise(tokens, index, options, env, self);
    const drawing = readFileSync(file, "utf8")
      .replace(/<style>[^]*?<\/style>/, "")
      .replace(/\s*\n\s*/g, " ");
    return `<span class="picture" role="presentation">${drawing}</span>`;
  };
}
