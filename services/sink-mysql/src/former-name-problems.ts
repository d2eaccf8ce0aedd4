import { parseTableId, tableIdOf, tablePattern } from '@sluice/envelope';
import type { PoolConnection } from '@sluice/mysql';
import { ownNameOf, type PreflightProblem, type SluiceConfig } from '@sluice/runtime';
import type { TableSelection } from '@sluice/sink-kit/selection';
import { mappedTable, type MysqlSinkConfig } from './config.ts';
import { formerName, movedMessage, readMarkedTables } from './former-names.ts';
import { targetDatabases } from './preflight.ts';

/** Behind the table's name, of a sink that is not named as its type. */
const OF_NAMED_SINK = / of sink [a-z0-9-]+$/;

interface ExaminedSink {
  readonly config: SluiceConfig;
  readonly sink: string;
  readonly selection: TableSelection;
}

/** Tables of the sink that another `tableTemplate` has named, before a change of theirs comes. Changes nothing. */
export async function formerNameProblems(
  connection: PoolConnection,
  settings: MysqlSinkConfig,
  { config, sink, selection }: ExaminedSink,
): Promise<readonly PreflightProblem[]> {
  const section = `sinks.${sink}`;
  const name = ownNameOf(config, sink);
  const [head, tail] = [`${config.topics.prefix}.`, name === null ? '' : ` of sink ${name}`];
  const fits = selection.patterns.map(tablePattern);
  const problems: PreflightProblem[] = [];
  for (const database of targetDatabases(settings, selection.patterns)) {
    const marked = await readMarkedTables(connection, database);
    for (const owner of new Set(marked.tables.map(({ mark }) => mark.owner))) {
      if (!owner.startsWith(head) || !owner.endsWith(tail)) continue;
      if (name === null && OF_NAMED_SINK.test(owner)) continue;
      const source = parseTableId(owner.slice(head.length, owner.length - tail.length));
      const target = mappedTable(settings, source);
      const former = formerName(marked, { owner, source: source.table, name: target.table });
      const isTaken =
        selection.takesTable(source.database, source.table) &&
        fits.some((isMeant) => isMeant(source.database, source.table));
      if (former === null || target.database !== database || !isTaken) continue;
      problems.push({
        setting: `${section}.tableTemplate`,
        found: movedMessage(tableIdOf(source), former, target, section),
        required: 'the names of before',
        fix: 'as it says',
      });
    }
  }
  return problems;
}
