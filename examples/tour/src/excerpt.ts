/** Lines that tell tools something, and readers nothing. */
const forTools = /^\s*\/\/ eslint-/;

/**
 * The lines between `// #region <name>` and `// #endregion`, without the indentation that they share; of several regions
 * with that name all, with a line of dots between them. Where there is none, the function of that name.
 */
export function excerpt(source: string, name: string): string[] {
  const lines = source.split(/\r?\n/).filter((line) => !forTools.test(line));
  const blocks = regions(lines, name);
  if (blocks.length > 0) return blocks.map(withoutMargin).reduce((all, next) => [...all, "...", ...next]);
  return functionNamed(lines, name);
}

function regions(lines: readonly string[], name: string): string[][] {
  const blocks: string[][] = [];
  let block: string[] | undefined;
  for (const line of lines) {
    if (line.trim() === `// #region ${name}`) blocks.push((block = []));
    else if (line.trim() === "// #endregion") block = undefined;
    else block?.push(line);
  }
  return blocks;
}

/** From its first line to the brace that closes it; formatted code has both at the margin. */
function functionNamed(lines: readonly string[], name: string): string[] {
  const first = lines.findIndex((line) => new RegExp(`^(export )?(async )?function ${name}\\b`).test(line));
  const last = lines.indexOf("}", first);
  if (first === -1 || last === -1) throw new Error(`There is neither a region nor a function "${name}".`);
  return lines.slice(first, last + 1);
}

function withoutMargin(lines: readonly string[]): string[] {
  const margins = lines.filter((line) => line !== "").map((line) => /^ */.exec(line)![0].length);
  const margin = Math.min(...margins);
  return lines.map((line) => line.slice(margin));
}
