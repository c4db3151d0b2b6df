import { failAfter, moveOnAfter, TooSlowError } from "@espalier/cancel-scope";
import { BrokenResourceError } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import {
  BufferedReceiveStream,
  LimitExceededError,
  serveTcp,
  type ServeTcpOptions,
  serveTls,
  type Stream,
} from "@espalier/stream";
import { Member, RoomList } from "./room-list.ts";

/** Options of {@link serveChat}. */
export interface ChatOptions extends ServeTcpOptions {
  /** Milliseconds for which a member may be silent; half of it before, it is sent a PING. */
  readonly idleMs: number;
  /** Milliseconds that the farewell to a member may take. */
  readonly farewellMs: number;
  /** With a key and its certificate (PEM) it is served over TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** Serves a chat until it is cancelled. */
export function serveChat(options: ChatOptions): Promise<never> {
  const rooms = new RoomList();
  const handler = (stream: Stream): Promise<void> => attend(stream, rooms, options);
  return options.tls === undefined
    ? serveTcp(handler, options)
    : serveTls(handler, { ...options, ...options.tls });
}

/** One connection, from the welcome to the farewell, whatever happens in between. */
async function attend(stream: Stream, rooms: RoomList, options: ChatOptions): Promise<void> {
  const member = new Member();
  let farewell = "The server shuts down.";
  try {
    await openNursery(async (nursery) => {
      nursery.startSoon(async () => {
        if (!(await sendAllOf(member, stream, options.idleMs)))
          nursery.cancelScope.cancel("it does not read");
      });
      farewell = await converse(stream, member, rooms, options.idleMs);
      rooms.remove(member); // now: sending what is left in its outbox may take a while
    });
  } finally {
    rooms.remove(member);
    // Shielded: it is said also when the server is cancelled. Bounded: nobody can hold up the end.
    await moveOnAfter(options.farewellMs, () => sendLine(stream, `* ${farewell} Bye.`), { shield: true });
  }
}

/** Sends what the others have to say, as fast as the member reads. Gives whether it read all of it. */
async function sendAllOf(member: Member, stream: Stream, limitMs: number): Promise<boolean> {
  for await (const line of member.outbox) {
    const sent = await moveOnAfter(limitMs, () => sendLine(stream, line));
    if (sent !== true) return false;
  }
  return true;
}

/** Gives whether somebody was there to take it. */
async function sendLine(stream: Stream, line: string): Promise<boolean> {
  try {
    await stream.sendAll(new TextEncoder().encode(`${line}\n`));
    return true;
  } catch (error) {
    if (error instanceof BrokenResourceError) return false;
    throw error;
  }
}

/** Hears what the member says, until it has said enough. Gives why it ended. */
async function converse(stream: Stream, member: Member, rooms: RoomList, idleMs: number): Promise<string> {
  const lines = new BufferedReceiveStream(stream, { maxBytes: 1000 }).lines();
  member.tell("* Welcome. /nick <name>, /join <room>, /who, /quit; anything else is said in your room.");
  try {
    for (;;) {
      const line = await nextLine(lines, member, idleMs);
      if (line === undefined || line === "/quit") return "You have left.";
      obey(line, member, rooms);
    }
  } catch (error) {
    if (error instanceof TooSlowError) return "You have been silent for too long.";
    if (error instanceof LimitExceededError) return "That line was too long.";
    if (error instanceof BrokenResourceError) return "You are gone.";
    throw error;
  }
}

/** The next line; who says nothing is asked for a sign of life half-way. A receive that was cut short has lost nothing. */
async function nextLine(
  lines: AsyncIterator<string, undefined>,
  member: Member,
  idleMs: number,
): Promise<string | undefined> {
  const step = await moveOnAfter(idleMs / 2, () => lines.next());
  if (step !== undefined) return step.value;
  member.tell("PING");
  return (await failAfter(idleMs / 2, () => lines.next())).value;
}

function obey(line: string, member: Member, rooms: RoomList): void {
  const [command, argument = ""] = line.split(" ", 2) as [string, string?];
  if (line === "" || command === "PONG") return;
  if (command === "PING") member.tell(`PONG ${argument}`.trim());
  else if (command === "/nick") {
    if (!/^\w{1,20}$/.test(argument)) member.tell("* A name has 1 to 20 letters, digits or underscores.");
    else if (rooms.rename(member, argument)) member.tell(`* You are called ${argument}.`);
    else member.tell(`* Somebody is called ${argument} already.`);
  } else if (member.nick === undefined) member.tell("* Who are you? /nick <name>");
  else if (command === "/join") {
    if (!/^\w{1,20}$/.test(argument)) {
      member.tell("* The name of a room has 1 to 20 letters, digits or underscores.");
      return;
    }
    rooms.move(member, argument);
    member.tell(`* You are in ${argument}, with ${rooms.namesIn(argument).join(", ")}.`);
  } else if (command === "/who") member.tell(`* Here: ${rooms.namesIn(member.room).join(", ")}.`);
  else if (command.startsWith("/")) member.tell(`* There is no ${command}.`);
  else if (member.room === undefined) member.tell("* You are in no room. /join <room>");
  else rooms.say(member, `<${member.nick}> ${line}`);
}
