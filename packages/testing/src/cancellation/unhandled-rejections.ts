interface Host {
  on(event: "unhandledRejection", listener: (error: unknown) => void): unknown;
  off(event: "unhandledRejection", listener: (error: unknown) => void): unknown;
}

/** Collects rejections that nobody looks at. Other listeners (the test runner's) hear of them as well. */
export class UnhandledRejections {
  readonly #seen: unknown[] = [];

  /** Those since the last call. */
  take(): unknown[] {
    return this.#seen.splice(0);
  }

  /** Begins to listen; gives a function that ends it. Where the host has no such event, none is ever seen. */
  listen(): () => void {
    const host = (globalThis as { process?: Partial<Host> }).process;
    if (host?.on === undefined || host.off === undefined) return () => undefined;
    const note = (error: unknown): void => void this.#seen.push(error);
    host.on("unhandledRejection", note);
    return () => {
      host.off?.("unhandledRejection", note);
    };
  }
}
