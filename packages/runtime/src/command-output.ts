import { spawn } from 'node:child_process';

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 65_536;

/**
 * A line as the program and its arguments: parted at blanks, but for those between `'` or `"`. Nothing else has a meaning, as in
 * `credential_process` of AWS: there is no shell unless one is written. Null when a quote is not closed, or there is no program.
 */
export function commandWords(line: string): readonly string[] | null {
  const words: string[] = [];
  const rest = line.replaceAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g, (word) => {
    words.push(
      word.replaceAll(
        /'([^']*)'|"([^"]*)"/g,
        (_, single?: string, double?: string) => single ?? double ?? '',
      ),
    );
    return '';
  });
  return words.length === 0 || rest.trim() !== '' ? null : words;
}

/**
 * What a program writes to its standard output: at most 64 KiB, within 10 s. It is killed, with all that it has started, when it takes
 * longer or says more; what it says on standard error goes nowhere.
 * @throws an Error whose message says how it ended, and nothing of what it said
 */
export async function commandOutput([program = '', ...args]: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_BYTES) reject(new CommandEnd(`more than ${MAX_BYTES} bytes`));
  });
  child.once('error', (error: NodeJS.ErrnoException) =>
    reject(new CommandEnd(error.code ?? 'it cannot be run')),
  );
  child.once('close', (code, signal) => {
    if (code !== 0) reject(new CommandEnd(code === null ? `ended by ${signal}` : `exit code ${code}`));
    else if (bytes === 0) reject(new CommandEnd('no output'));
    else resolve(Buffer.concat(chunks).toString('utf8'));
  });
  const timer = setTimeout(() => reject(new CommandEnd(`no end within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  try {
    return await promise;
  } catch (error) {
    endGroup(child.pid);
    throw error;
  } finally {
    clearTimeout(timer);
    child.stdout.destroy();
  }
}

class CommandEnd extends Error {
  override toString(): string {
    return this.message;
  }
}

/** A program of its own process group (`detached`): those that it has started are in it. */
function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}
