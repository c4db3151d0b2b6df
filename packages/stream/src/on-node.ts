/**
 * Whether this is Node itself. Bun and Deno bring `node:net` and `node:tls` too, with insides of their own: what needs Node's
 * asks here.
 */
export const onNode: boolean =
  process.versions["bun"] === undefined && process.versions["deno"] === undefined;
