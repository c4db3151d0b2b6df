import { spawnSiteOf } from "@espalier/core/lowlevel";

/*
 * An error as text for people, with everything that hangs on it: the members of groups, the causes, what a disposal
 * suppressed; in debug mode also where the task was spawned that it ended.
 */

/** Describes an error with its whole tree. Never throws, whatever was thrown. */
export function describeError(error: unknown): string {
  const lines: string[] = [];
  describe(error, "", lines, new Set());
  return lines.join("\n");
}

function describe(error: unknown, margin: string, lines: string[], seen: Set<unknown>): void {
  if (!(error instanceof Error)) {
    lines.push(`${margin}${show(error)} (thrown; it is not an Error)`);
    return;
  }
  if (seen.has(error)) {
    lines.push(`${margin}${error.name}: ${error.message} (described above)`);
    return;
  }
  seen.add(error);
  for (const line of headline(error).split("\n")) lines.push(margin + line);
  const spawnSite = spawnSiteOf(error);
  if (spawnSite !== undefined)
    section(`in the task "${spawnSite.task}", spawned`, spawnSite.stack, margin, lines);
  const deeper = `${margin}  `;
  const {
    errors,
    error: kept,
    suppressed,
  } = error as { errors?: unknown; error?: unknown; suppressed?: unknown };
  if (Array.isArray(errors)) {
    errors.forEach((member: unknown, i) => {
      lines.push(`${margin}[${i + 1} of ${errors.length}]`);
      describe(member, deeper, lines, seen);
    });
  }
  if (error.name === "SuppressedError") {
    lines.push(`${margin}[raised while cleaning up]`);
    describe(kept, deeper, lines, seen);
    lines.push(`${margin}[suppressed by it]`);
    describe(suppressed, deeper, lines, seen);
  }
  if (error.cause !== undefined) {
    lines.push(`${margin}[caused by]`);
    describe(error.cause, deeper, lines, seen);
  }
}

/** Name, message and stack; the stack alone does not do, because its head may be older than the message. */
function headline(error: Error): string {
  const title = `${error.name}: ${error.message}`;
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return [title, ...frames].join("\n");
}

function section(title: string, text: string, margin: string, lines: string[]): void {
  lines.push(`${margin}[${title}]`);
  for (const line of text.split("\n")) lines.push(margin + line);
}

function show(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "a value that cannot be printed";
  }
}
