/** A program that a rule is tried on. Every one has to compile: `ambient` is appended to it. */
export interface ValidCase {
  readonly code: string;
  readonly options?: readonly unknown[];
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Where types decide: only with them, or only without. */
  readonly only?: "typed" | "untyped";
}

export interface InvalidCase extends ValidCase {
  /** The messages, in order. */
  readonly errors: readonly string[];
  /** What the fix makes of it. */
  readonly output?: string;
  /** What the (one) suggestion of the first message makes of it. */
  readonly suggestion?: string;
}

export interface Cases {
  readonly valid: readonly (string | ValidCase)[];
  readonly invalid: readonly InvalidCase[];
}

/** What programs may use without showing it. */
export const ambient = `
export {};
declare function work(): Promise<number>;
declare function other(): Promise<string>;
declare function log(...values: unknown[]): void;
declare function compute(): number;
declare const url: string;
declare const ids: number[];
declare const emitter: import("node:events").EventEmitter;
declare const server: { stop(): Promise<void>; run(): Promise<void>; readonly ready: boolean };
declare class NotFound extends Error { readonly code: string }
declare function open(): Promise<AsyncDisposable & { read(): Promise<string>; aclose(): Promise<void> }>;
`;

export const whole = (code: string): string => `${code.trim()}\n${ambient}`;
