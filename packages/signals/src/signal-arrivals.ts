import type { SignalName } from "./signal-name.ts";

/*
 * One listener of the process for each signal, however many receivers there are: only who sees them all can tell whether
 * an unread signal was seen by anybody, and so whether it has to be delivered again.
 */

/** One arrival of a signal, shared by the receivers that have it pending. */
export interface Arrival {
  /** Whether somebody has it: a listener that is none of ours, or a receiver that has read it. */
  seen: boolean;
  /** How many receivers have it pending. */
  holders: number;
}

/** Who is told of arrivals. */
export interface Recipient {
  offer(signal: SignalName, arrival: Arrival): void;
}

const recipients = new Map<SignalName, Set<Recipient>>();

/** Tells `recipient` of a signal from now on. */
export function subscribe(signal: SignalName, recipient: Recipient): void {
  const others = recipients.get(signal);
  if (others !== undefined) {
    others.add(recipient);
    return;
  }
  process.on(signal, arrived); // first: a runtime may refuse a signal that its platform has
  recipients.set(signal, new Set([recipient]));
}

/** Tells it no more. After the last one our listener is gone from the process. */
export function unsubscribe(signal: SignalName, recipient: Recipient): void {
  const all = recipients.get(signal);
  if (all?.delete(recipient) !== true || all.size > 0) return;
  recipients.delete(signal);
  process.off(signal, arrived);
}

/** Gives up an arrival unread. The last one to do so delivers it again, unless somebody has seen it. */
export function giveUp(signal: SignalName, arrival: Arrival): void {
  arrival.holders--;
  if (!arrival.seen && arrival.holders === 0) process.kill(process.pid, signal);
}

function arrived(signal: SignalName): void {
  const arrival: Arrival = { seen: process.listenerCount(signal) > 1, holders: 0 };
  for (const recipient of recipients.get(signal) ?? []) recipient.offer(signal, arrival);
}
