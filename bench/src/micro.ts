// What one operation of each primitive costs: `node --expose-gc dist/micro.js [name] [rounds]`. Not for comparison, for
// profiles: one primitive, nothing else, as long as it takes. Compare with the bench.
/* eslint-disable @typescript-eslint/await-thenable -- awaiting nothing is the least that lets others run */
import { CancelScope, failAfter, moveOnAfter, shielded } from "@espalier/cancel-scope";
import { openMemoryChannel } from "@espalier/channel";
import { checkpoint, checkpointIfCancelled, run, sleep } from "@espalier/core";
import { park, ParkingLot } from "@espalier/core/lowlevel";
import { openNursery } from "@espalier/nursery";

const idle = async (): Promise<number> => 1;

/** Each does its operation `n` times. */
const primitives: Readonly<Record<string, (n: number) => Promise<void>>> = {
  async "await null"(n) {
    for (let i = 0; i < n; i++) await null;
  },
  async checkpoint(n) {
    for (let i = 0; i < n; i++) await checkpoint();
  },
  async checkpointIfCancelled(n) {
    for (let i = 0; i < n; i++) await checkpointIfCancelled();
  },
  async "sleep(0)"(n) {
    for (let i = 0; i < n; i++) await sleep(0);
  },
  async "park, resume"(n) {
    for (let i = 0; i < n; i++) {
      const operation = park<void>("micro");
      operation.resume();
      await operation.promise;
    }
  },
  async "parking lot"(n) {
    const lot = new ParkingLot();
    for (let i = 0; i < n; i++) {
      const wait = lot.park("micro", undefined);
      lot.unpark();
      await wait;
    }
  },
  async "cancel scope"(n) {
    for (let i = 0; i < n; i++) await new CancelScope().run(idle);
  },
  async "cancelled scope"(n) {
    for (let i = 0; i < n; i++) {
      await new CancelScope().run(async (scope) => {
        scope.cancel();
        await checkpoint();
      });
    }
  },
  async moveOnAfter(n) {
    for (let i = 0; i < n; i++) await moveOnAfter(1_000, idle);
  },
  async failAfter(n) {
    for (let i = 0; i < n; i++) await failAfter(1_000, idle);
  },
  async shielded(n) {
    for (let i = 0; i < n; i++) await shielded(idle, { graceMs: 1_000 });
  },
  async "empty nursery"(n) {
    for (let i = 0; i < n; i++) await openNursery(idle);
  },
  async "nursery with one child"(n) {
    for (let i = 0; i < n; i++) await openNursery((nursery) => void nursery.startSoon(idle));
  },
  async startSoon(n) {
    await openNursery((nursery) => {
      for (let i = 0; i < n; i++) nursery.startSoon(idle);
    });
  },
  async "send and receive, buffered"(n) {
    const [send, receive] = openMemoryChannel<number>(1);
    for (let i = 0; i < n; i++) {
      await send.send(i);
      await receive.receive();
    }
  },
};

const [name, rounds = "9"] = process.argv.slice(2);
const operations = 100_000;
for (const [each, operation] of Object.entries(primitives)) {
  if (name !== undefined && name !== each) continue;
  const found: number[] = [];
  for (let i = 0; i < Number(rounds); i++) {
    globalThis.gc?.();
    await run(async () => {
      const start = performance.now();
      await operation(operations);
      found.push(((performance.now() - start) / operations) * 1e6);
    });
  }
  found.sort((a, b) => a - b);
  console.log(`${each.padEnd(28)} ${(found[found.length >> 1] as number).toFixed(0).padStart(6)} ns`);
}
