/** A program to keep running. */
export interface Program {
  readonly name: string;
  /** One line for the shell. */
  readonly command: string;
}

/** Raised for a Procfile that makes no sense. */
export class ProcfileError extends Error {}

/** Reads a Procfile: a line `name: command` for each program; empty lines and lines that begin with `#` do not count. */
export function parseProcfile(text: string): Program[] {
  const programs: Program[] = [];
  text.split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === "" || line.startsWith("#")) return;
    const [, name, command] = /^([\w-]+):\s*(\S.*)$/.exec(line) ?? [];
    if (name === undefined || command === undefined)
      throw new ProcfileError(`Line ${i + 1} is not "name: command": ${line}`);
    if (programs.some((program) => program.name === name))
      throw new ProcfileError(`Line ${i + 1}: there are two programs "${name}".`);
    programs.push({ name, command });
  });
  if (programs.length === 0) throw new ProcfileError('There is no program in it; a line is "name: command".');
  return programs;
}
