/** What the tests run on, for the few things that a runtime cannot do: each `skipIf` names it and says what. */
export const onBun: boolean = process.versions["bun"] !== undefined;
export const onDeno: boolean = process.versions["deno"] !== undefined;
export const onWindows: boolean = process.platform === "win32";
