import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface ProgramResult {
  readonly ok: boolean;
  /** Standard output followed by standard error. */
  readonly output: string;
}

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Runs a program to its end; a failure is a result, not an exception (an abort is an exception). */
export function runProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const { signal, timeoutMs, input, ...rest } = options;
    const child = execFile(
      file,
      [...args],
      { ...rest, timeout: timeoutMs ?? 0, maxBuffer: 64 << 20, ...(signal && { signal }) },
      (error, stdout, stderr) => {
        if (signal?.aborted) reject(signal.reason as Error);
        else resolve({ ok: error === null, output: `${stdout}${stderr}` });
      },
    );
    child.stdin?.on('error', () => undefined); // a program that does not read its input to the end
    child.stdin?.end(input ?? '');
  });
}

/** The last lines of a program's output, for an error message. */
export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

export function isInstalled(program: string, env: NodeJS.ProcessEnv): boolean {
  return (env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
