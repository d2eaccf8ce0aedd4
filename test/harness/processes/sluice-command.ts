import { spawn } from 'node:child_process';
import { programEnv, programFile } from './programs.ts';

export interface CommandEnd {
  readonly code: number;
  /** Standard output as JSON. */
  readonly document: unknown;
  /** Standard error. */
  readonly said: string;
}

/** Runs `sluice <line> --output json` with this configuration; a part with a blank in it is an array's element of its own. */
export async function sluice(
  configFile: string,
  line: string,
  ...more: readonly string[]
): Promise<CommandEnd> {
  const args = [...line.split(' '), ...more, '--output', 'json', '--config', configFile];
  const child = spawn(process.execPath, [programFile('sluice'), ...args], {
    env: programEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = ['', ''];
  [child.stdout, child.stderr].forEach((stream, index) => {
    stream.setEncoding('utf8').on('data', (text: string) => (texts[index] += text));
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve(exitCode ?? -1));
  });
  const [output = '', said = ''] = texts;
  return { code, document: output === '' ? null : (JSON.parse(output) as unknown), said };
}
