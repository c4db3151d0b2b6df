import { openMemoryChannel, type MemoryReceiveChannel, type MemorySendChannel } from "@espalier/channel";
import { WouldBlock } from "@espalier/core";

/** So many lines wait for a member who reads slowly; what comes then, it misses. */
const outboxSize = 100;

/** Somebody who is connected. */
export class Member {
  /** `undefined` until it has introduced itself. */
  nick: string | undefined = undefined;
  room: string | undefined = undefined;
  /** What is to be sent to it, taken out by the one task that sends. */
  readonly outbox: MemoryReceiveChannel<string>;
  readonly #outbox: MemorySendChannel<string>;
  #missed = 0;

  constructor() {
    [this.#outbox, this.outbox] = openMemoryChannel<string>(outboxSize);
  }

  /** Never waits: a slow member must not hold up those who talk to it. What has no room is counted, and dropped. */
  tell(line: string): void {
    try {
      if (this.#missed > 0)
        this.#outbox.sendNowait(`* You read too slowly, and missed ${this.#missed} lines.`);
      this.#missed = 0;
      this.#outbox.sendNowait(line);
    } catch (error) {
      if (!(error instanceof WouldBlock)) throw error;
      this.#missed++;
    }
  }

  /** Nothing more is told; what is in the outbox is still sent. */
  hush(): void {
    this.#outbox.close();
  }
}

/** Who is where. Everything here is synchronous: no task ever sees it half changed. */
export class RoomList {
  readonly #members = new Map<string, Member>();

  /** Gives whether the name was free. */
  rename(member: Member, nick: string): boolean {
    if (this.#members.has(nick)) return false;
    if (member.nick !== undefined) {
      this.#members.delete(member.nick);
      this.say(member, `* ${member.nick} is now called ${nick}.`);
    }
    member.nick = nick;
    this.#members.set(nick, member);
    return true;
  }

  move(member: Member, room: string | undefined): void {
    if (member.room !== undefined) this.say(member, `* ${member.nick} has left ${member.room}.`);
    member.room = room;
    if (room !== undefined) this.say(member, `* ${member.nick} has come to ${room}.`);
  }

  /** To all others in the member's room. */
  say(member: Member, line: string): void {
    for (const other of this.#members.values())
      if (other !== member && other.room !== undefined && other.room === member.room) other.tell(line);
  }

  namesIn(room: string | undefined): string[] {
    return [...this.#members].filter(([, member]) => member.room === room).map(([nick]) => nick);
  }

  /** Can be repeated: the name may be somebody else's by then. */
  remove(member: Member): void {
    this.move(member, undefined);
    if (member.nick !== undefined) this.#members.delete(member.nick);
    member.nick = undefined;
    member.hush();
  }
}
