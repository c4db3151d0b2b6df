import { collectGarbage } from "./collect-garbage.ts";

/** The memory that byte arrays take and that cannot be freed, in bytes. */
export async function heldMemory(): Promise<number> {
  await collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

/** A number of bytes, for people: "12 MB". */
export function megabytes(bytes: number): string {
  return `${Math.max(0, Math.round(bytes / 1e6))} MB`;
}
