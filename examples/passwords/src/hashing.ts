// Runs in worker threads: ordinary synchronous code, because nobody else waits for this thread.
import { checkCancelled } from "@espalier/to-thread/worker";
import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
import type { Account } from "./accounts.ts";

const saltBytes = 16;
const hashBytes = 32;
/** scrypt takes 128 bytes of memory for each unit of cost and of its block size, which is 8. */
const memoryFor = (cost: number): number => 128 * cost * 8 * 2;

/**
 * Hashes the passwords of some accounts. Each one is handed over as soon as it is done, so that a cancellation, which is looked
 * for between two of them, loses none.
 */
export function hashAll(
  accounts: readonly Account[],
  cost: number,
  onHashed: (name: string, hash: string) => void,
): void {
  for (const { name, password } of accounts) {
    checkCancelled();
    onHashed(name, hash(password, cost));
  }
}

/** `scrypt$<cost>$<salt>$<hash>`, in base64. */
export function hash(password: string, cost: number): string {
  const salt = randomBytes(saltBytes);
  const key = scryptSync(password, salt, hashBytes, { cost, maxmem: memoryFor(cost) });
  return ["scrypt", cost, salt.toString("base64"), key.toString("base64")].join("$");
}

/** Whether the password is the one that was hashed. */
export function verify(password: string, hashed: string): boolean {
  const [scheme, cost, salt, key] = hashed.split("$");
  if (scheme !== "scrypt" || salt === undefined || key === undefined)
    throw new RangeError(`"${hashed}" is no hash of ours`);
  const options = { cost: Number(cost), maxmem: memoryFor(Number(cost)) };
  return timingSafeEqual(
    scryptSync(password, Buffer.from(salt, "base64"), hashBytes, options),
    Buffer.from(key, "base64"),
  );
}
