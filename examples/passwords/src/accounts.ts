export interface Account {
  readonly name: string;
  readonly password: string;
}

/** Reads lines of `name:password`; a password may have colons in it. */
export function parseAccounts(text: string): Account[] {
  const accounts: Account[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === "") continue;
    const colon = line.indexOf(":");
    if (colon < 1 || colon === line.length - 1)
      throw new RangeError(`Line ${index + 1} is not "name:password".`);
    accounts.push({ name: line.slice(0, colon), password: line.slice(colon + 1) });
  }
  return accounts;
}
