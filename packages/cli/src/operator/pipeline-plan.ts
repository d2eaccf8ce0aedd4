import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PipelineError, type SluiceConfig } from '@sluice/runtime';
import type { PreviewTable, TableOutline, TablePreview } from '@sluice/sink-kit';
import { plural, show, tableText, type Screen } from './screen.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const PATIENCE_MS = 60_000;

/** The parts of capture's plan that this command shows. */
interface CapturePlan {
  readonly source: { readonly flavour: string; readonly version: string };
  readonly topics: readonly {
    readonly name: string;
    readonly partitions: number;
    readonly exists: boolean;
  }[];
  readonly tables: readonly TablePlan[];
  readonly problems: readonly {
    readonly setting: string;
    readonly found: string;
    readonly required: string;
    readonly fix: string;
  }[];
  readonly warnings: readonly string[];
}

interface TablePlan extends TableOutline {
  readonly topics: readonly string[];
  readonly partitions: number;
  readonly keyMembers: string;
  readonly operations: readonly string[];
  readonly where: string | null;
  readonly change: string;
  readonly refused: boolean;
  readonly sourceColumns: readonly {
    readonly source: string;
    readonly published: { readonly name: string; readonly type: string } | null;
    readonly treatment: string;
  }[];
}

interface SinkPreview extends TablePreview {
  readonly sink: string;
  readonly table: string;
}

/** Shows what the pipeline would do, table by table; nothing is written anywhere. True when capture would start. */
export async function pipelinePlan(config: SluiceConfig, screen: Screen): Promise<boolean> {
  const { planCapture } = (await import(pathToFileURL(join(ROOT, 'services/capture/src/plan.ts')).href)) as {
    planCapture: (config: SluiceConfig, signal: AbortSignal) => Promise<CapturePlan>;
  };
  const plan = await planCapture(config, AbortSignal.timeout(PATIENCE_MS));
  const previews = await sinkPreviews(config, plan.tables);
  show(screen, { pipeline: config.pipeline, ...plan, sinks: previews }, [], []);
  if (screen.format === 'table')
    for (const part of planText(plan, previews)) screen.output.write(`${part}\n`);
  for (const warning of plan.warnings) screen.say(`warning: ${warning}`);
  for (const { setting, found, required, fix } of plan.problems)
    screen.say(`problem: ${setting}: found ${found}, needs ${required}. Fix: ${fix}`);
  const tables = plural(plan.tables.length, 'table');
  screen.say(
    plan.problems.length === 0
      ? `${tables}; nothing was changed`
      : `${plural(plan.problems.length, 'problem')}: capture would not start`,
  );
  return plan.problems.length === 0;
}

/** Found by the folder, so that a new sink is known without a change here. */
async function sinkPreviews(config: SluiceConfig, tables: readonly TablePlan[]): Promise<SinkPreview[]> {
  const previews: SinkPreview[] = [];
  for (const sink of Object.keys(config.sinks)) {
    const file = join(ROOT, 'services', `sink-${sink}`, 'src/preview.ts');
    if (!existsSync(file)) continue;
    const { previewTable } = (await import(pathToFileURL(file).href)) as { previewTable: PreviewTable };
    for (const table of tables) {
      if (table.refused) continue;
      previews.push({
        sink,
        table: `${table.database}.${table.table}`,
        ...preview(previewTable, config, table),
      });
    }
  }
  return previews;
}

/** What the store would refuse belongs into the plan too. */
function preview(previewTable: PreviewTable, config: SluiceConfig, table: TablePlan): TablePreview {
  const { database, table: name, columns, keyColumns } = table;
  try {
    return previewTable(config, { database, table: name, columns, keyColumns });
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code === 'CONFIG_INVALID') throw error;
    return { target: 'refused', definition: `${error.code}: ${error.message}` };
  }
}

function* planText(
  { source, topics, tables }: CapturePlan,
  previews: readonly SinkPreview[],
): Generator<string> {
  yield `source: ${source.flavour} ${source.version}\n`;
  yield tableText(
    ['TOPIC', 'PARTITIONS', ''],
    topics.map(({ name, partitions, exists }) => [name, partitions, exists ? 'exists' : 'would be created']),
  );
  for (const table of tables) {
    const id = `${table.database}.${table.table}`;
    yield `table ${id}
  topic:      ${table.topics.join(', ')}, ${plural(table.partitions, 'partition')}
  key:        ${[table.keyMembers, ...table.keyColumns].filter((part) => part !== '').join(', ')}
  operations: ${table.operations.join(', ')}
  rows:       ${table.where ?? 'all'}
  change:     ${table.change}
`;
    const rows = table.sourceColumns.map(({ source: name, published, treatment }) => [
      name,
      published?.name ?? null,
      published?.type ?? null,
      treatment,
    ]);
    if (rows.length > 0)
      yield tableText(
        ['  COLUMN', 'PUBLISHED AS', 'TYPE', ''],
        rows.map(([name, ...rest]) => [`  ${name}`, ...rest]),
      );
    for (const { sink, target, definition } of previews.filter((each) => each.table === id))
      yield `sink ${sink}: ${target}\n${definition.replace(/^/gm, '  ')}\n`;
  }
}
