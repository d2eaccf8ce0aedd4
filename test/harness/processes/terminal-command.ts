import { spawn } from 'node:child_process';
import { eventually } from '../eventually.ts';
import { programEnv, programFile } from './programs.ts';

export interface TerminalEnd {
  readonly code: number;
  /** All that was written to the terminal. */
  readonly text: string;
  /** Whether the terminal's settings were afterwards what they had been. */
  readonly isRestored: boolean;
}

/**
 * Runs `sluice <line>` in a terminal of its own, 60 columns wide (script(1) of util-linux), and types `keys` once it has written
 * something that matches.
 */
export async function sluiceInTerminal(
  configFile: string,
  line: string,
  until: RegExp,
  keys: string,
): Promise<TerminalEnd> {
  const command = [process.execPath, programFile('sluice'), ...line.split(' '), '--config', configFile];
  const session = `stty rows 24 cols 60; before=$(stty -g); ${command.map(quoted).join(' ')}; echo "exit code $?"; test "$before" = "$(stty -g)" && echo "as before"`;
  const child = spawn('script', ['--quiet', '--flush', '--command', session, '/dev/null'], {
    env: { ...programEnv(), SHELL: '/bin/sh', TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  const closed = new Promise((resolve) => void child.once('close', resolve));
  await eventually(`the terminal to show ${String(until)}`, () => until.test(text));
  child.stdin.write(keys);
  await eventually('its end', () => text.includes('exit code'));
  child.stdin.end();
  await closed;
  const code = Number(/exit code (\d+)/u.exec(text)?.[1]);
  return { code, text, isRestored: text.includes('as before') };
}

const quoted = (word: string): string => `'${word}'`;
