/** Things that have been thrown in the field, or could be: each breaks another way of making a text. */
export const textless: readonly (readonly [what: string, thrown: unknown])[] = [
  ["an object without a prototype", Object.create(null)],
  [
    "a toString that throws",
    {
      toString(): string {
        throw new Error("no");
      },
    },
  ],
  [
    "an error with a message that throws",
    Object.defineProperty(new Error(), "message", {
      get() {
        throw new Error("no");
      },
    }),
  ],
  [
    "a proxy that throws at everything",
    new Proxy(
      {},
      {
        getPrototypeOf() {
          throw new Error("no");
        },
        get() {
          throw new Error("no");
        },
      },
    ),
  ],
  [
    "a function with a toString that throws",
    Object.assign(() => undefined, {
      toString(): string {
        throw new Error("no");
      },
    }),
  ],
];
