import { parseTableId, tableArgument, tableIdOf } from '@sluice/envelope';
import { groupPositions, kafkaClient, listTopics, type GroupPosition } from '@sluice/kafka';
import type { TablePlan } from '@sluice/ops-api';
import { createLogger, type SluiceConfig } from '@sluice/runtime';
import { selectionOf, type TableSelection } from '@sluice/sink-kit/selection';
import { withDeadLetters } from './dead-letters.ts';

const NAMED_MAX = 20;

/** What the settings of one sink take of the tables that are captured. */
export interface SinkSelection {
  readonly sink: string;
  /** Ids of tables. */
  readonly tables: readonly string[];
  /** What a person should know before the sink is started with them. */
  readonly warnings: readonly string[];
}

/** A warning for each sink that is still to read topics whose older records are deleted. Asks Kafka. */
export async function lateSinks(
  config: SluiceConfig,
  plans: readonly TablePlan[],
): Promise<readonly string[]> {
  const captured = plans.filter(({ refused }) => !refused);
  const warnings: string[] = [];
  for (const sink of Object.keys(config.sinks)) {
    const selection = selectionOf(config, sink);
    const read = await readSoFar(config, sink, captured);
    // Of one that does not take everything and has read something, `sinkSelections` tells.
    if (!selection.isAll && !read.isNew) continue;
    const late = captured.filter(
      (plan) => selection.takesTable(plan.database, plan.table) && read.of(plan).some(beginsLate),
    );
    warnings.push(
      ...say(late.map(tableIdOf), (names, options) => {
        const lacks = `has not read ${names} yet, and older records of them are deleted: it will lack rows that have not changed since`;
        return `sink ${sink} ${lacks}; when it runs: sluice snapshot start ${options} --reconcile`;
      }),
    );
  }
  return warnings;
}

/** Of the sinks that do not take everything. Asks Kafka what they have read so far. */
export async function sinkSelections(
  config: SluiceConfig,
  plans: readonly TablePlan[],
): Promise<readonly SinkSelection[]> {
  const captured = plans.filter(({ refused }) => !refused);
  const found: SinkSelection[] = [];
  for (const sink of Object.keys(config.sinks)) {
    const selection = selectionOf(config, sink);
    if (selection.isAll) continue;
    const tables = captured.filter(({ database, table }) => selection.takesTable(database, table));
    const warnings =
      tables.length === 0
        ? [`sinks.${sink}.tables and excludeTables leave it none of the tables that are captured`]
        : await changesOf(config, sink, selection, captured);
    found.push({ sink, tables: tables.map(tableIdOf), warnings });
  }
  return found;
}

/** Of a sink that has read something before. */
async function changesOf(
  config: SluiceConfig,
  sink: string,
  selection: TableSelection,
  captured: readonly TablePlan[],
): Promise<readonly string[]> {
  const { isNew, of } = await readSoFar(config, sink, captured);
  if (isNew) return [];
  const isRead = (plan: TablePlan): boolean => of(plan).some(({ committed }) => committed !== null);
  const takes = ({ database, table }: TablePlan): boolean => selection.takesTable(database, table);
  const left = captured.filter((plan) => !takes(plan) && isRead(plan));
  const late = captured.filter((plan) => takes(plan) && of(plan).some((one) => beginsLate(one)));
  const missing = [...late.map(tableIdOf), ...(await skippedTables(config, sink, selection))];
  return [
    ...say(
      left.map(tableIdOf),
      (names) => `no longer takes ${names}: what its store has of them stays as it is`,
    ),
    ...say([...new Set(missing)], (names, options) => {
      const snapshot = `when it runs: sluice snapshot start ${options} --reconcile`;
      return `takes ${names} from now on, and older records of them are deleted or were skipped; ${snapshot}`;
    }),
  ].map((text) => `sink ${sink} ${text}`);
}

interface ReadSoFar {
  /** Whether it has read nothing yet. */
  readonly isNew: boolean;
  readonly of: (plan: TablePlan) => readonly GroupPosition[];
}

async function readSoFar(
  config: SluiceConfig,
  sink: string,
  captured: readonly TablePlan[],
): Promise<ReadSoFar> {
  const kafka = kafkaClient(config.kafka, createLogger('sluice', { level: 'silent' }));
  const topics = new Set(captured.flatMap((plan) => plan.topics));
  const existing = await listTopics(kafka, (name) => topics.has(name));
  const positions = await groupPositions(kafka, `${config.pipeline}.${sink}`, existing, null);
  const byTopic = Map.groupBy(positions, ({ topic }) => topic);
  return {
    isNew: positions.every(({ committed }) => committed === null),
    of: (plan) => byTopic.get(plan.topics[0] ?? '') ?? [],
  };
}

function beginsLate({ committed, low }: GroupPosition): boolean {
  return committed === null && low > 0n;
}

/** Tables whose records the sink has passed over, and takes now. */
async function skippedTables(
  config: SluiceConfig,
  sink: string,
  selection: TableSelection,
): Promise<readonly string[]> {
  const access = { config, sink, decides: false };
  const { skipped } = await withDeadLetters(access, ({ store }) => store.refresh());
  return [...skipped.values()].flatMap(({ table: id, operations }) => {
    const { database, table } = parseTableId(id);
    const isTaken = operations.some((operation) => selection.takesOperation(operation));
    return isTaken && selection.takesTable(database, table) ? [id] : [];
  });
}

function say(tables: readonly string[], text: (names: string, options: string) => string): readonly string[] {
  if (tables.length === 0) return [];
  const named = tables.slice(0, NAMED_MAX);
  const more = tables.length > named.length ? ` and ${tables.length - named.length} more` : '';
  const options = named.map((table) => `--table ${tableArgument(table)}`).join(' ');
  return [text(`${named.join(', ')}${more}`, options)];
}
