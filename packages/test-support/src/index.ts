export { Child, scriptArgv } from "./child.ts";
export { expectError, rejection, thrownBy } from "./errors.ts";
export { eventually } from "./eventually.ts";
export { openSockets } from "./open-sockets.ts";
export { turns } from "./turns.ts";
export { unhandledDuring } from "./unhandled-during.ts";
