import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sluice } from './processes/sluice-command.ts';

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'errors.md');

/** The fix of an error, in the words of docs/errors.md. */
export function fixOf(code: string): string {
  const page = readFileSync(PAGE, 'utf8');
  const section = page.split(/^## /m).find((text) => text.startsWith(`${code}\n`));
  const fix = section?.trim().split('\n\n').at(-1);
  if (fix === undefined) throw new RangeError(`docs/errors.md has no section ${code}`);
  return fix;
}

/** Every code that docs/errors.md has a section of, in its order. */
export function codesOfPage(): readonly string[] {
  return [...readFileSync(PAGE, 'utf8').matchAll(/^## (\w+)$/gmu)].map(([, code = '']) => code);
}

/** The commands of a text: what stands between backticks and begins with the name of a program. */
export function commandsOf(text: string): readonly string[] {
  return [...text.matchAll(/`((?:sluice|redis-cli) [^`]+)`/gu)].map(([, command = '']) => command);
}

/** The settings of a text, by their paths; of a section that is named only in the message what stands below it. */
export function settingsOf(text: string): readonly string[] {
  return [...text.matchAll(/`([a-zA-Z]+(?:\.[a-zA-Z]+)*)`/gu)].map(([, setting = '']) => setting);
}

/** What stands in a text in capitals for something that only the reader knows. */
export type Placeholders = Readonly<
  Partial<Record<'DATABASE.TABLE' | 'DATABASE' | 'SINK' | 'GROUP' | 'ID', string>>
>;

export function filledIn(text: string, placeholders: Placeholders): string {
  const names = Object.keys(placeholders).sort((a, b) => b.length - a.length);
  return names.reduce(
    (filled, name) =>
      filled.replaceAll(
        new RegExp(`\\b${name.replace('.', '\\.')}\\b`, 'gu'),
        placeholders[name as keyof Placeholders] ?? '',
      ),
    text,
  );
}

/** Runs a command of `sluice` as a text names it; throws with what it said when it does not exit with 0. */
export async function obey(configFile: string, command: string, placeholders: Placeholders): Promise<void> {
  const [program, ...line] = filledIn(command, placeholders).replaceAll("'", '').split(' ');
  if (program !== 'sluice') throw new RangeError(`${program} is not a command of ours`);
  const { code, said } = await sluice(configFile, line.join(' '));
  if (code !== 0) throw new Error(`${command}: ${said}`);
}
