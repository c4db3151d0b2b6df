// Runs in a thread: the essay's sync_task, and a loop that nobody can talk to.
export function syncTask(asyncTask: () => number, print: (line: string) => void): void {
  try {
    const returned = asyncTask();
    print(`returned ${returned}`);
  } catch (error) {
    print(`raised ${(error as Error).name}`);
  }
}

export function deaf(started: () => void): never {
  started();
  for (;;);
}

export function add(a: number, b: number): number {
  return a + b;
}
