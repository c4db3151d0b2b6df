import type { Cases } from "../case.ts";

const imports =
  'import { flattenErrors, NurseryError, unwrapSingle } from "@espalier/nursery";\nvoid flattenErrors; void NurseryError; void unwrapSingle;';
const inCatch = (code: string): string =>
  `${imports}\nexport async function task() { try { await work(); } catch (error) { if (!(error instanceof NurseryError)) throw error; ${code} } }`;

export const cases: Cases = {
  valid: [
    inCatch("throw error;"),
    inCatch("throw unwrapSingle(error);"),
    inCatch("if (error.errors.length === 1) throw error.errors[0]; throw error;"),
    inCatch("log(error.errors[0]); throw new Error('x', { cause: error });"),
    inCatch("const [first, ...rest] = error.errors; log(rest); throw first;"),
    "export function task(error: AggregateError) { throw error.errors[0]; }",
  ],
  invalid: [
    { code: inCatch("throw error.errors[0];"), errors: ["member"] },
    { code: inCatch("throw error.errors.at(-1);"), errors: ["member"] },
    { code: inCatch("const [first] = error.errors; throw first;"), errors: ["member"] },
    { code: inCatch("const first: unknown = error.errors[0]; throw first;"), errors: ["member"] },
    { code: inCatch("throw flattenErrors(error)[0];"), errors: ["member"] },
  ],
};
