import type { Log } from "../stop.ts";

/** What a shop does when somebody buys. Two of the four steps fail, each in its own way. The same in both worlds. */
export class Shop {
  readonly #log: Log;
  readonly #pause: (ms: number) => Promise<unknown>;
  /** The errors that were raised, whoever has heard of them. */
  readonly raised: string[] = [];

  /** `pause` is how this world waits. */
  constructor(log: Log, pause: (ms: number) => Promise<unknown>) {
    this.#log = log;
    this.#pause = pause;
  }

  readonly chargeCard = async (): Promise<void> => {
    await this.#pause(50);
    this.#fail("the card was declined");
  };

  readonly printLabel = async (): Promise<void> => {
    try {
      await this.#pause(150);
      this.#log("label printed");
    } finally {
      this.#fail("the printer jammed");
    }
  };

  readonly reserveGoods = async (): Promise<void> => {
    await this.#pause(250);
    this.#log("goods reserved");
  };

  readonly writeAuditLog = async (): Promise<void> => {
    await this.#pause(100);
    this.#fail("the audit log is full");
  };

  #fail(message: string): never {
    this.#log(`raised: ${message}`);
    this.raised.push(message);
    throw new Error(message);
  }
}
