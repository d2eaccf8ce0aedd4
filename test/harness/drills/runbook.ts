import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCS = join(import.meta.dirname, '..', '..', '..', 'docs');

/** The commands of a section of a page of docs, in their order. */
export function runbookOf(title: string, page = 'disaster-recovery.md'): readonly string[] {
  const section = readFileSync(join(DOCS, page), 'utf8')
    .split(/^##+ /m)
    .find((text) => text.startsWith(`${title}\n`));
  const [, block] = /```\n([^]*?)```/u.exec(section ?? '') ?? [];
  if (block === undefined) throw new RangeError(`${page} has no commands under ${title}`);
  return block.trim().split('\n');
}
