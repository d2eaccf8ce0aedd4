import type { OrphanFindings, OrphanTransaction } from '@sluice/capture/orphans';
import { tableIdOf } from '@sluice/envelope';
import { plural, type Cell, type Screen } from './screen.ts';

export const HEADINGS = ['GTID', 'COMMITTED', 'BINLOG', 'TABLES', 'INSERT', 'UPDATE', 'DELETE', 'OTHER'];

export function orphanCells(orphan: OrphanTransaction): readonly Cell[] {
  const { gtid, tables, statements } = orphan;
  const sum = (operation: 'INSERT' | 'UPDATE' | 'DELETE'): number =>
    tables.reduce((all, { counts }) => all + counts[operation], 0);
  const operations = (['INSERT', 'UPDATE', 'DELETE'] as const).map(sum);
  return [
    gtid,
    timeOf(orphan),
    placeOf(orphan.place),
    tables.map(tableIdOf).join(' '),
    ...operations,
    statements.length,
  ];
}

/** For scripts: the time as text beside the number. */
export function orphanDocument(orphan: OrphanTransaction): object {
  const { gtid, place, serverId, tables, statements } = orphan;
  return { gtid, committedAt: timeOf(orphan), place, serverId, tables, statements };
}

/** What a person must know beside the list. */
export function sayFindings(
  { transactions, newMaster, tornAt, hasBegin }: OrphanFindings,
  statements: readonly OrphanTransaction['statements'][number][],
  screen: Screen,
): void {
  const [first] = statements;
  if (first !== undefined)
    screen.say(
      `${plural(statements.length, 'statement')} among them cannot be taken as rows, the first at ${placeOf(first.place)}: ${first.text}`,
    );
  if (tornAt !== null)
    screen.say(`the last file ends at ${placeOf(tornAt)} within a transaction, which was not committed`);
  if (!hasBegin)
    screen.say(
      'the first file does not tell what came before it: make sure that no earlier file has orphans',
    );
  screen.say(`${plural(transactions, 'orphaned transaction')}: ${newMaster} does not have them`);
}

function timeOf({ committedAtMicros }: OrphanTransaction): string {
  return new Date(Math.floor(committedAtMicros / 1000)).toISOString();
}

function placeOf({ file, position }: OrphanTransaction['place']): string {
  return `${file}:${position}`;
}
