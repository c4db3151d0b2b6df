import type { Cases } from "../case.ts";

const imports = 'import { all, mapConcurrent } from "@espalier/combinators";\nvoid mapConcurrent; void all;';
const inTask = (code: string, first = imports): string =>
  `${first}\nexport async function task(id: number) { ${code} return id; }`;

export const cases: Cases = {
  valid: [
    inTask("await all([() => work(), () => other()]);"),
    inTask("await Promise.resolve(1);"),
    `${imports}\nexport function start() { return Promise.all([work(), other()]); }`,
    "export async function task() { await Promise.all([work(), other()]); }",
    inTask("const Promise = { all }; await Promise.all([() => work()]);"),
  ],
  invalid: [
    {
      code: inTask("const [a, b] = await Promise.all([work(), other()]); a.toFixed(); b.trim();"),
      errors: ["combinator"],
      output: inTask("const [a, b] = await all([() => work(), () => other()]); a.toFixed(); b.trim();"),
    },
    {
      code: inTask("const a: number | string = await Promise.race([work(), other()]); log(a);"),
      errors: ["combinator"],
      output: inTask(
        "const a: number | string = await race([() => work(), () => other()]); log(a);",
        imports.replace("mapConcurrent }", "mapConcurrent, race }"),
      ),
    },
    {
      code: inTask("await Promise.any([work(), other()]);"),
      errors: ["combinator"],
      output: inTask(
        "await any([() => work(), () => other()]);",
        imports.replace("mapConcurrent }", "mapConcurrent, any }"),
      ),
    },
    {
      code: inTask("const [a] = await Promise.allSettled([work(), other()]); log(a.status);"),
      errors: ["combinator"],
      output: inTask(
        "const [a] = await allSettled([() => work(), () => other()]); log(a.status);",
        imports.replace("mapConcurrent }", "mapConcurrent, allSettled }"),
      ),
    },
    // Neither drops an item: select, moveOnAfter.
    {
      code: inTask(
        "const a: number | string = await Promise.race([channel.receive(), work()]); log(a);",
        `${imports}\ndeclare const channel: { receive(): Promise<number> };`,
      ),
      errors: ["receive"],
    },
    // Not the same when it is called later.
    {
      code: inTask("let n = 1; const p = Promise.all([work(), log(n)]); n = 2; await p;"),
      errors: ["combinator"],
    },
    { code: inTask("let n = 1; n = 2; await Promise.all([work(), log(n)]);"), errors: ["combinator"] },
    { code: inTask("const p = work(); await Promise.all([p, other()]);"), errors: ["combinator"] },
    { code: inTask("await Promise.all([work(), log(await other())]);"), errors: ["combinator"] },
    {
      code: inTask("await Promise.all(ids.map(async (each) => { log(each); await work(); }));"),
      errors: ["map"],
    },
    {
      code: 'import { sleep } from "@espalier/core";\nexport async function task() { await Promise.all([sleep(1), work()]); }',
      errors: ["combinator"],
      suggestion:
        'import { all } from "@espalier/combinators";\nimport { sleep } from "@espalier/core";\nexport async function task() { await all([() => sleep(1), () => work()]); }',
    },
  ],
};
