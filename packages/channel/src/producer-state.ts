import { park, type Parked, ParkingLot, pass, type Wait } from "@espalier/core/lowlevel";
import { brokenError, closedError } from "./channel-errors.ts";
import { blocked, ended, Inbox } from "./inbox.ts";

/** A snapshot of the channel between a producer and its consumer. */
export interface ProducerChannelStatistics {
  /** Receive ends that are open, clones included. */
  readonly openReceiveChannels: number;
  /** How many wait to receive. */
  readonly tasksWaitingReceive: number;
  /** How many wait to send: their item was not asked for yet, or was taken and no other is wanted. */
  readonly tasksWaitingSend: number;
}

/** Somebody on the producer's side who waits to be asked for something. */
class Turn {
  readonly item: unknown;
  readonly operation: Parked<void>;
  #leave: () => void = () => undefined;

  constructor(item: unknown, operation: Parked<void>) {
    this.item = item;
    this.operation = operation;
  }

  enter(lot: ParkingLot<void, Turn>): void {
    const ticket = lot.add(this.operation, this);
    this.#leave = () => lot.remove(ticket);
  }

  leave(): void {
    this.#leave();
  }
}

/**
 * What producer and consumer share. Items are handed over one at a time, and what makes it a generator and no queue is when
 * `send` returns: not when its item was taken, but when another one is wanted. So the producer computes nothing ahead.
 *
 * Invariants, checked by `assertInvariants`, besides those of {@link Inbox}:
 * - receivers wait only while no item is offered, and nobody rests then;
 * - at most one rests, because each taking of an item begins by letting it go on;
 * - when it is over nobody waits on either side.
 */
export class ProducerState extends Inbox<ProducerChannelStatistics> {
  /** What to do when the consumer has closed its ends. */
  onAbandoned: () => void = () => undefined;
  /** Senders whose item was not asked for yet. */
  readonly #offering: ParkingLot<void, Turn> = new ParkingLot();
  /** The sender whose item was taken last, or the producer before it begins: goes on when something is wanted. */
  readonly #resting: ParkingLot<void, Turn> = new ParkingLot();
  /** Nothing more will be produced. Once set, never unset. */
  #over = false;

  /** Waits until the consumer first asks. */
  wanted(): Promise<void> {
    return this.receivers.size > 0 ? pass() : this.#wait("channel.wanted", undefined, this.#resting);
  }

  send(item: unknown): Promise<void> {
    if (this.#over) return Promise.reject(closedError("send"));
    if (this.broken) return Promise.reject(brokenError(item));
    if (!this.hand(item)) return this.#wait("channel.send", item, this.#offering);
    return this.receivers.size > 0 ? pass() : this.#wait("channel.send", undefined, this.#resting);
  }

  take(): unknown {
    this.#resting.unparkAll();
    const turn = this.#offering.take()?.data;
    if (turn === undefined) return this.#over ? ended : blocked;
    turn.enter(this.#resting);
    return turn.item;
  }

  /** Nothing more comes; `failure` says why, where it is not the normal end. */
  finish(failure?: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.failure = failure;
    this.#offering.failAll(() => closedError("send"));
    this.#resting.failAll(() => closedError("send"));
    this.finishReceivers();
  }

  statistics(): ProducerChannelStatistics {
    return {
      openReceiveChannels: this.openReceiveEnds,
      tasksWaitingReceive: this.receivers.size,
      tasksWaitingSend: this.#offering.size + this.#resting.size,
    };
  }

  override assertInvariants(): void {
    super.assertInvariants();
    this.#offering.assertInvariants();
    this.#resting.assertInvariants();
    if (this.#resting.size > 1) throw new Error("somebody rests although something is wanted");
    const waiting = this.#offering.size + this.#resting.size;
    if (this.receivers.size > 0 && waiting > 0) throw new Error("a receiver waits beside a producer");
    if (this.#over && this.receivers.size + waiting > 0)
      throw new Error("somebody waits although it is over");
  }

  /** The producer is cancelled; whoever else sends for it learns that nobody is left. */
  protected override abandon(): void {
    this.onAbandoned();
    this.#offering.failAll((turn) => brokenError(turn.item));
    this.#resting.unparkAll();
  }

  #wait(label: string, item: unknown, lot: ParkingLot<void, Turn>): Promise<void> {
    const operation = park<void>(label, leave);
    if (operation.pending) {
      const turn = new Turn(item, operation);
      operation.data = turn;
      turn.enter(lot);
    }
    return operation.promise;
  }
}

function leave(operation: Wait): void {
  (operation.data as Turn).leave();
}
