import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = join(import.meta.dirname, '..', '..', '..', 'docs', 'disaster-recovery.md');

/** The commands of a section of docs/disaster-recovery.md, in their order. */
export function runbookOf(title: string): readonly string[] {
  const section = readFileSync(PAGE, 'utf8')
    .split(/^## /m)
    .find((text) => text.startsWith(`${title}\n`));
  const [, block] = /```\n([^]*?)```/u.exec(section ?? '') ?? [];
  if (block === undefined) throw new RangeError(`the runbook has no commands under ${title}`);
  return block.trim().split('\n');
}
