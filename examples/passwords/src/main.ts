import { currentSignal } from "@espalier/cancel-scope";
import { runMain } from "@espalier/signals";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { parseAccounts } from "./accounts.ts";
import { hashAccounts } from "./hash-accounts.ts";

const usage = `Hashes passwords with scrypt, in worker threads.

  node dist/main.js <file> [--threads n] [--cost n] [--grace ms]

The file has a line "name:password" for each account. Prints "name:hash" for each as soon as it is done.
`;

void runMain(async function passwords() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      threads: { type: "string", default: String(availableParallelism()) },
      cost: { type: "string", default: String(2 ** 15) },
      grace: { type: "string", default: "2000" },
      help: { type: "boolean", default: false },
    },
  });
  const [file] = positionals;
  if (values.help || file === undefined) {
    process.stdout.write(usage);
    if (!values.help) process.exitCode = 2;
    return;
  }
  const text = await readFile(file, { encoding: "utf8", signal: currentSignal() });
  const accounts = parseAccounts(text);
  const options = {
    threads: whole(values.threads, "--threads"),
    cost: whole(values.cost, "--cost"),
    graceMs: whole(values.grace, "--grace"),
  };
  let done = 0;
  try {
    await hashAccounts(accounts, options, (name, hash) => {
      done++;
      process.stdout.write(`${name}:${hash}\n`);
      if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${accounts.length}`);
    });
  } finally {
    process.stderr.write(`${process.stderr.isTTY ? "\r" : ""}${done} of ${accounts.length} are hashed.\n`);
  }
});

function whole(text: string, option: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new RangeError(`${option} needs a whole number, 1 or more, not "${text}".`);
  return number;
}
