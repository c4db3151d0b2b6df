import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { openNursery } from "@espalier/nursery";
import type { SocketListener } from "@espalier/stream";
import { describe, expect, it } from "vitest";

import { type ChatOptions, serveChat } from "../src/serve-chat.ts";

const host = "127.0.0.1";
const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));

/** The path of a key or certificate for tests. */
function pem(name: string): string {
  return fileURLToPath(new URL(`../../../packages/stream/test/fixtures/${name}`, import.meta.url));
}

/** What somebody has who talks with `nc`: a socket, and the lines that came. Nothing of ours. */
class Person {
  readonly lines: string[] = [];
  readonly socket: Socket;
  hungUp = false;

  constructor(port: number) {
    this.socket = connect(port, host);
    this.socket.on("error", () => undefined).on("close", () => (this.hungUp = true));
    createInterface({ input: this.socket })
      .on("line", (line) => this.lines.push(line))
      .on("error", () => undefined);
  }

  say(...lines: string[]): void {
    for (const line of lines) this.socket.write(`${line}\r\n`);
  }

  hears(text: string): Promise<void> {
    return hears(this.lines, text);
  }

  static async called(port: number, nick: string, room: string): Promise<Person> {
    const person = new Person(port);
    person.say(`/nick ${nick}`, `/join ${room}`);
    await person.hears(`You are in ${room}`);
    return person;
  }
}

async function hears(lines: readonly string[], text: string): Promise<void> {
  await until(
    () => lines.some((line) => line.includes(text)),
    `hears "${text}"`,
    () => lines,
  );
}

async function until(holds: () => boolean, what: string, show: () => unknown): Promise<void> {
  const limit = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > limit) throw new Error(`never: ${what}; ${JSON.stringify(show())}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function withChat(
  body: (port: number, stop: () => void) => Promise<void>,
  options: Partial<ChatOptions> = {},
): Promise<void> {
  await openNursery(async (nursery) => {
    const [listener] = await nursery.start<SocketListener[]>((started) =>
      serveChat({ port: 0, host, idleMs: 60_000, farewellMs: 500, ...options, started }),
    );
    await body(listener?.port as number, () => {
      nursery.cancelScope.cancel();
    });
    nursery.cancelScope.cancel();
  });
}

describe("chat", () => {
  it("carries what is said to all others in the room, and to nobody else", () =>
    withChat(async (port) => {
      const ann = await Person.called(port, "ann", "garden");
      const bob = await Person.called(port, "bob", "garden");
      const eve = await Person.called(port, "eve", "attic");
      await ann.hears("bob has come to garden");
      ann.say("hello, bob", "/who");
      await bob.hears("<ann> hello, bob");
      await ann.hears("Here: ann, bob");
      expect(ann.lines).not.toContain("<ann> hello, bob");
      expect(eve.lines.join()).not.toContain("hello");
      bob.say("/quit");
      await ann.hears("bob has left garden");
      await bob.hears("Bye.");
      await until(
        () => bob.hungUp,
        "bob's connection is closed",
        () => bob.lines,
      );
    }));

  it("insists on a name, keeps names apart, and frees them", () =>
    withChat(async (port) => {
      const ann = new Person(port);
      ann.say("hello", "/nick no good!", "/nick ann", "/join a b c", "/dance");
      await ann.hears("Who are you?");
      await ann.hears("There is no /dance");
      const other = new Person(port);
      other.say("/nick ann");
      await other.hears("Somebody is called ann already");
      ann.socket.destroy();
      await until(
        () => {
          other.say("/nick ann");
          return other.lines.some((line) => line.includes("You are called ann"));
        },
        "the name is free",
        () => other.lines,
      );
    }));

  it("answers PING, and asks the silent for a sign of life before it hangs up on them", () =>
    withChat(
      async (port) => {
        const ann = await Person.called(port, "ann", "garden");
        const bob = await Person.called(port, "bob", "garden");
        ann.say("PING 123");
        await ann.hears("PONG 123");
        const alive = setInterval(() => {
          ann.say("PONG");
        }, 100);
        await bob.hears("PING");
        await bob.hears("silent for too long");
        await ann.hears("bob has left");
        clearInterval(alive);
        expect(ann.hungUp).toBe(false);
      },
      { idleMs: 600 },
    ));

  it("hangs up on a line without end", () =>
    withChat(async (port) => {
      const ann = await Person.called(port, "ann", "garden");
      ann.socket.write("x".repeat(5000));
      await until(
        () => ann.hungUp,
        "it is hung up on",
        () => ann.lines,
      );
      const bob = await Person.called(port, "bob", "garden");
      bob.say("/who");
      await bob.hears("Here: bob.");
    }));

  it("limits a slow reader, and not the others", () =>
    withChat(async (port) => {
      const slow = await Person.called(port, "slow", "garden");
      const ann = await Person.called(port, "ann", "garden");
      const bob = await Person.called(port, "bob", "garden");
      slow.socket.pause();
      const text = "x".repeat(900);
      const count = 20_000;
      for (let i = 0; i < count; i++) {
        if (!ann.socket.write(`${i} ${text}\n`)) await once(ann.socket, "drain");
      }
      // Nobody waits for the slow one: the others go on talking.
      await until(
        () => {
          ann.say("and now?");
          return bob.lines.includes("<ann> and now?");
        },
        "bob hears the latest",
        () => bob.lines.length,
      );
      slow.socket.resume();
      await slow.hears("<ann> 0 ");
      await until(
        () => {
          ann.say("are you back?");
          return slow.lines.includes("<ann> are you back?");
        },
        "the slow one is back",
        () => slow.lines.length,
      );
      await slow.hears("You read too slowly");
      expect(slow.lines.length).toBeLessThan(count);
    }));

  it("has no room for somebody who leaves and has not read everything yet: the others go on talking", () =>
    withChat(async (port) => {
      const leaving = await Person.called(port, "leaving", "garden");
      const ann = await Person.called(port, "ann", "garden");
      leaving.socket.pause();
      for (let i = 0; i < 20_000; i++)
        if (!ann.socket.write(`${"x".repeat(900)}\n`)) await once(ann.socket, "drain");
      leaving.say("/quit");
      await ann.hears("leaving has left garden");
      ann.say("good riddance", "/who");
      await ann.hears("Here: ann.");
      expect(ann.hungUp).toBe(false);
      const other = await Person.called(port, "leaving", "garden"); // the name is free
      leaving.socket.destroy();
      other.say("/who");
      await other.hears("Here: ann, leaving.");
      other.say("do you hear me?");
      await ann.hears("<leaving> do you hear me?");
      ann.say("I do");
      await other.hears("<ann> I do");
    }));

  it("says farewell to everybody when it shuts down, and waits for nobody who does not read", async () => {
    const people: Person[] = [];
    let stopped = 0;
    await withChat(async (port, stop) => {
      const ann = await Person.called(port, "ann", "garden");
      const deaf = await Person.called(port, "deaf", "garden");
      deaf.socket.pause();
      for (let i = 0; i < 20_000; i++)
        if (!ann.socket.write(`${"x".repeat(900)}\n`)) await once(ann.socket, "drain");
      people.push(ann, deaf);
      stopped = performance.now();
      stop();
    });
    expect(performance.now() - stopped).toBeLessThan(5000);
    await people[0]?.hears("The server shuts down. Bye.");
    people[1]?.socket.destroy();
  });
});

describe("the program", () => {
  const start = (...args: string[]): [ChildProcess, string[]] => launch(process.execPath, program, ...args);

  function launch(command: string, ...args: string[]): [ChildProcess, string[]] {
    const talkative = command === "openssl"; // it tells of each certificate that it has looked at
    const child = spawn(command, args, { stdio: ["pipe", "pipe", talkative ? "ignore" : "inherit"] });
    const lines: string[] = [];
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => lines.push(line));
    return [child, lines];
  }

  it.skipIf(process.platform === "win32")(
    "serves and connects, and ends on SIGTERM with a farewell",
    async () => {
      const [server, said] = start("serve", "0");
      await until(
        () => said.length > 0,
        "it listens",
        () => said,
      );
      const port = /\d+$/.exec(said[0] as string)?.[0] as string;
      const [client, heard] = start("connect", host, port);
      client.stdin?.write("/nick ann\n/join garden\n");
      await until(
        () => heard.some((line) => line.includes("in garden")),
        "ann is in",
        () => heard,
      );
      const ended = [once(server, "close"), once(client, "close")];
      // Not server.kill(): of a child that it has killed itself, Deno reports the signal, whatever the child's exit code is.
      process.kill(server.pid as number, "SIGTERM");
      const [[code], [clientCode]] = (await Promise.all(ended)) as [[number], [number]];
      expect([code, clientCode]).toEqual([143, 0]);
      expect(heard.at(-1)).toBe("* The server shuts down. Bye.");
    },
  );

  it.skipIf(spawnSync("openssl", ["version"]).status !== 0)(
    "serves openssl's own client over TLS (if this machine has one)",
    async () => {
      const [server, said] = start("serve", "0", pem("server.key.pem"), pem("server.pem"));
      try {
        await until(
          () => said.length > 0,
          "it listens",
          () => said,
        );
        const port = /\d+$/.exec(said[0] as string)?.[0] as string;
        const join = async (nick: string): Promise<[ChildProcess, string[]]> => {
          const checked = ["-CAfile", pem("ca.pem"), "-verify_return_error", "-servername", "localhost"];
          const person = launch("openssl", "s_client", "-quiet", "-connect", `${host}:${port}`, ...checked);
          person[0].stdin?.write(`/nick ${nick}\n/join garden\n`);
          await hears(person[1], "You are in garden");
          return person;
        };
        const [ann, annHeard] = await join("ann");
        const [bob, bobHeard] = await join("bob");
        ann.stdin?.write("hello, bob\n");
        await hears(bobHeard, "<ann> hello, bob");
        const ended = once(bob, "close");
        bob.stdin?.write("/quit\n");
        expect(((await ended) as [number])[0]).toBe(0); // it has heard the goodbye
        expect(bobHeard.at(-1)).toBe("* You have left. Bye.");
        await hears(annHeard, "bob has left garden");
        ann.kill();
      } finally {
        server.kill("SIGKILL");
      }
    },
  );

  it("leaves when the terminal has ended", async () => {
    await withChat(async (port) => {
      const [client, heard] = start("connect", host, `${port}`);
      client.stdin?.end("/nick ann\n");
      const [code] = (await once(client, "close")) as [number];
      expect([code, heard.at(-1)]).toEqual([0, "* You have left. Bye."]);
    });
  });
});
