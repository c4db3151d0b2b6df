/** Texts of source files by name, put in by the build (tsup.config.ts): what is shown is what was built. */
declare const SOURCES: Readonly<Record<string, string>>;

/**
 * The source of a stop ("01-swallowed-by-cleanup"), of a prop ("props/reload-plain"), of another file of the tour, or of
 * word-count ("word-count/main").
 */
export function sourceOf(file: string): string {
  const source = SOURCES[file];
  if (source === undefined) throw new Error(`The build has put in no source file "${file}".`);
  return source;
}
