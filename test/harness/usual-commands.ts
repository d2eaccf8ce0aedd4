import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface UsualCommand {
  /** What manuals ask for. */
  readonly asked: string;
  readonly answer: string;
}

/** The rows of docs/operations.md, "The usual commands". */
export function usualCommands(): readonly UsualCommand[] {
  const page = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
  const section = page.split(/^## /mu).find((text) => text.startsWith('The usual commands\n')) ?? '';
  const [table = ''] = section.split(/^### /mu);
  const lines = table.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) => {
    const [, asked = '', answer = ''] = line.split(/(?<!\\)\|/u).map((cell) => cell.trim());
    return { asked, answer };
  });
}
