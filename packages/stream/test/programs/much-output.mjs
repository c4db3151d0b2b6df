// Writes 4 MiB to whoever reads slowly.
import { stdout } from "@espalier/stream";

for (let i = 0; i < 64; i++) await stdout.sendAll(new Uint8Array(65_536).fill(0x61));
