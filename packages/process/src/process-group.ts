import { readdirSync, readFileSync } from "node:fs";

/** Sends a signal to a process, or to the group of a negative id; gives whether it is there. Signal 0 only asks. */
export function send(id: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(id, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ESRCH" || code === "EPERM") return false; // EPERM: macOS says so of a group that has ended
    throw error;
  }
}

/**
 * Whether a process of a group still runs. Signal 0 alone does not tell: it finds zombies too, and in a container the first
 * process (often a program like ours, that waits only for children of its own) may leave orphans unreaped for long, or for ever.
 */
export function groupRuns(leader: number): boolean {
  if (!send(-leader, 0)) return false;
  if (process.platform !== "linux") return true;
  try {
    return readdirSync("/proc").some((entry) => /^\d+$/.test(entry) && runsIn(leader, entry));
  } catch {
    return true; // no /proc, or it may not be read
  }
}

/** `/proc/<pid>/stat` is: pid (name, with anything in it) state parent group ... */
function runsIn(leader: number, pid: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state = "", , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(group) === leader && !"ZX".includes(state);
  } catch {
    return false; // it has gone since it was listed
  }
}
