import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * A process that runs: one that has ended and was not waited for yet (a zombie, state Z of proc(5)) does not, unless only
 * its first thread has ended and others still hold its sockets.
 */
export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  /** Clock tick of its start: with the pid, the identity of the process. */
  readonly startedAt: string;
}

/** Every process below `root`, itself included, as far as the chain of parents is unbroken. */
export function descendants(root: number): RunningProcess[] {
  const all = runningProcesses();
  const found = new Set([root]);
  for (let before = 0; before !== found.size;) {
    before = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  return all.filter(({ pid }) => found.has(pid));
}

/** Those that run still; a pid that another process has now is not meant. */
export function survivors(processes: readonly RunningProcess[]): RunningProcess[] {
  const now = new Map(runningProcesses().map((process) => [process.pid, process.startedAt]));
  return processes.filter(({ pid, startedAt }) => now.get(pid) === startedAt);
}

/** Values of a variable in the environments of the processes, each once. */
export function environmentValues(processes: readonly RunningProcess[], variable: string): string[] {
  const values = processes.flatMap(({ pid }) =>
    textOf(`/proc/${pid}/environ`)
      .split('\0')
      .filter((entry) => entry.startsWith(`${variable}=`))
      .map((entry) => entry.slice(variable.length + 1)),
  );
  return [...new Set(values)];
}

/** TCP ports on which one of the processes listens. */
export function listeningPorts(processes: readonly RunningProcess[]): number[] {
  const sockets = new Set(processes.flatMap(({ pid }) => socketsOf(pid)));
  return allListeners()
    .filter(({ inode }) => sockets.has(inode))
    .map(({ port }) => port);
}

/**
 * proc(5): the command's name stands in brackets and may hold anything; state and parent follow, field 20 is the number of
 * threads, field 22 the start.
 */
function runningProcesses(): RunningProcess[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((name) => {
    const stat = textOf(`/proc/${name}/stat`);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (stat === '' || (fields[0] === 'Z' && Number(fields[17]) <= 1)) return [];
    return [{ pid: Number(name), parent: Number(fields[1]), startedAt: fields[19] ?? '' }];
  });
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((descriptor) => linkOf(`/proc/${pid}/fd/${descriptor}`));
  } catch {
    return [];
  }
}

/** proc_net(5): local address and state (0A is LISTEN) in hexadecimal; the inode is what /proc/<pid>/fd points to. */
function allListeners(): { readonly port: number; readonly inode: string }[] {
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => textOf(file).split('\n').slice(1));
  return lines.flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    if (state !== '0A') return [];
    return [{ port: Number.parseInt(local.split(':')[1] ?? '', 16), inode: `socket:[${inode}]` }];
  });
}

/** Empty for what is gone or belongs to another user. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}
