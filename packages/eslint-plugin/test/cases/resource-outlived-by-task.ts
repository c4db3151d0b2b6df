import type { Cases } from "../case.ts";

const imports = 'import { openNursery, type Nursery } from "@espalier/nursery";\nvoid openNursery;';

export const cases: Cases = {
  valid: [
    `${imports}\nexport async function task() { await using file = await open(); await openNursery((nursery) => { nursery.startSoon(() => file.read()); }); }`,
    `${imports}\nexport const task = () => openNursery((nursery) => { nursery.startSoon(async () => { await using file = await open(); await file.read(); }); });`,
    `${imports}\nexport const task = () => openNursery(async (nursery) => { await using file = await open(); nursery.startSoon(work); await file.read(); });`,
    `${imports}\nexport const task = () => openNursery(async (outer) => { await using file = await open(); await openNursery((nursery) => { nursery.startSoon(() => file.read()); }); outer.startSoon(work); });`,
    `${imports}\nexport const task = () => openNursery(async (nursery) => { const file = await open(); nursery.startSoon(async () => { try { await file.read(); } finally { await file.aclose(); } }); });`,
    `${imports}\nexport async function task(nursery: Nursery) { await using file = await open(); nursery.startSoon(() => file.read()); }`,
  ],
  invalid: [
    {
      code: `${imports}\nexport const task = () => openNursery(async (nursery) => { await using file = await open(); nursery.startSoon(() => file.read()); });`,
      errors: ["outlived"],
    },
    {
      code: `${imports}\nexport const task = () => openNursery(async (nursery) => { await using file = await open(); nursery.startSoon(async () => { await work(); log(await file.read()); }); await work(); });`,
      errors: ["outlived"],
    },
    {
      code: `${imports}\nexport const task = () => openNursery(async (nursery) => { await using file = await open(); nursery.startSoon(file.read.bind(file)); });`,
      errors: ["outlived"],
    },
    {
      code: `${imports}\nexport const task = () => openNursery(async (nursery) => { const file = await open(); try { nursery.startSoon(() => file.read()); } finally { await file.aclose(); } });`,
      errors: ["outlived"],
    },
  ],
};
