// One pool in a process of its own: `node dist/pools/cell.js <pool> [share]`. Prints its best times, and checks every result.
import { type Pool, pools } from "./pool.ts";

const [name = "", share = "1"] = process.argv.slice(2);
const tinyCalls = Math.ceil(20_000 * Number(share));
const transfers = Math.ceil(200 * Number(share));
const rounds = Number(share) === 1 ? 7 : 1;

/** Does `count` calls, so many at a time. Gives the milliseconds. */
async function drive(count: number, atATime: number, call: (i: number) => Promise<void>): Promise<number> {
  let next = 0;
  const start = performance.now();
  const one = async (): Promise<void> => {
    while (next < count) await call(next++);
  };
  await Promise.all(Array.from({ length: atATime }, one));
  return performance.now() - start;
}

async function tiny(pool: Pool): Promise<number> {
  return drive(tinyCalls, 64, async (i) => {
    if ((await pool.add(i, 2)) !== i + 2) throw new Error("a wrong sum");
  });
}

async function moving(pool: Pool): Promise<number> {
  const size = 1 << 20;
  const all = Array.from({ length: transfers }, () => new Uint8Array(size));
  return drive(transfers, 8, async (i) => {
    const back = await pool.increment(all[i]!);
    if (all[i]!.byteLength !== 0 || back.byteLength !== size || back[0] !== 1) throw new Error("wrong bytes");
  });
}

const open = pools[name];
if (open === undefined) throw new Error(`there is no pool "${name}"`);
const pool = await open(new URL(".", import.meta.url));
const times = { tiny: Infinity, moving: Infinity };
for (let i = 0; i < rounds; i++) {
  times.tiny = Math.min(times.tiny, await tiny(pool));
  times.moving = Math.min(times.moving, await moving(pool));
}
await pool.end();
console.log(JSON.stringify(times));
