// ESLint takes a plugin from the default export; no other name leaves.
// eslint-disable-next-line import-x/no-default-export -- the form that ESLint and its tools ask for
export { plugin as default, type EspalierPlugin } from "./plugin.ts";
