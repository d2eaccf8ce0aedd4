import { tableId, type TableName } from '@sluice/envelope';
import { PipelineError, type TablesConfig, type PreflightProblem } from '@sluice/runtime';
import { type TableSchema } from '../model/table.ts';
import { ConditionError } from './condition-parser.ts';
import { planColumns } from './column-plan.ts';
import type { HashKey } from '../model/hash-key.ts';
import { compileCondition } from './row-condition.ts';
import { type RowCondition, PUBLISH_AS_IS, type TablePublication } from '../model/publication.ts';
import { columnSetting, isHidden, settingsOf, type TableSettings } from './table-settings.ts';

/** The one place that decides what of a table is published: the stream and the snapshot both ask it. */
export class PublicationCompiler {
  readonly #tables: TablesConfig;
  readonly #hashKey: HashKey | null;
  readonly #traceColumn: string | undefined;

  /**
   * @param tables the section `tables`
   * @param traceColumn `tracing.column`
   */
  constructor(tables: TablesConfig, hashKey: HashKey | null, traceColumn?: string) {
    this.#tables = tables;
    this.#hashKey = hashKey;
    this.#traceColumn = traceColumn?.toLowerCase();
  }

  settingsOf(database: string, table: string): TableSettings | null {
    return settingsOf(this.#tables, database, table);
  }

  /** Throws TABLE_SHAPE_REFUSED when the settings cannot be applied to this schema. */
  compile(schema: TableSchema): TablePublication {
    const settings = this.settingsOf(schema.database, schema.table);
    const named = schema.columns.findIndex(({ name }) => name.toLowerCase() === this.#traceColumn);
    const traceColumn = named < 0 ? null : named;
    if (settings === null) return { ...PUBLISH_AS_IS, traceColumn };
    const { plan, problems } = planColumns(schema, settings, this.#hashKey);
    const condition = conditionOf(schema, settings);
    const partitions = partitionsOf(schema, settings, plan?.keyColumns ?? schema.keyColumns);
    const [first] = [
      ...this.ambiguities(settings),
      ...problems,
      ...condition.problems,
      ...partitions.problems,
    ];
    if (first !== undefined)
      throw refused(schema, `${first.setting}: found ${first.found}. Fix: ${first.fix}`);
    const isPlain =
      plan === null || plan.columns.some(({ place, step }) => place === named && step.kind === 'write');
    return {
      plan,
      hashKey: this.#hashKey,
      condition: condition.compiled,
      skips: settings.skips,
      partitionBy: partitions.columns,
      traceColumn: isPlain ? traceColumn : null,
    };
  }

  /** What keeps the settings from being applied to this schema, and its plan when nothing does. */
  judge(schema: TableSchema): readonly PreflightProblem[] {
    const settings = this.settingsOf(schema.database, schema.table);
    if (settings === null) return [];
    return [
      ...this.ambiguities(settings),
      ...planColumns(schema, settings, this.#hashKey).problems,
      ...conditionOf(schema, settings).problems,
      ...partitionsOf(schema, settings, schema.keyColumns).problems,
    ];
  }

  /**
   * The setting that hides something of a table and would no longer do so under another name; null when there is none.
   * @param known the table's newest schema; null where none is known, and any column may be there
   */
  exposedBy(from: TableName, to: TableName, known: TableSchema | null): string | null {
    const before = this.settingsOf(from.database, from.table);
    if (before === null) return null;
    const after = this.settingsOf(to.database, to.table);
    const present = known === null ? null : new Set([...namesOf(known)].map((name) => name.toLowerCase()));
    for (const [name, { setting }] of before.columns) {
      const isThere = present?.has(name) ?? true;
      if (isThere && isHidden(before, name) && after?.columns.has(name) !== true) return setting;
    }
    return before.where !== null && (after === null || after.where === null) ? before.where.setting : null;
  }

  ambiguities({ twice }: TableSettings): readonly PreflightProblem[] {
    return twice.map(({ setting, other }) => ({
      setting,
      found: `a table that ${other} matches too`,
      required: 'one setting for a table',
      fix: 'remove one of them, or make its pattern narrower',
    }));
  }

  /**
   * A hidden column that is gone while another came may have got a new name: its values would be published in clear.
   * Throws TABLE_SHAPE_REFUSED unless every new column is named in the settings.
   */
  checkSuccession(before: TableSchema, now: TableSchema): void {
    const settings = this.settingsOf(now.database, now.table);
    if (settings === null) return;
    const [old, present] = [namesOf(before), namesOf(now)];
    const gone = [...old].find((name) => !present.has(name) && isHidden(settings, name));
    const come = [...present].find((name) => !old.has(name) && columnSetting(settings, name) === undefined);
    if (gone === undefined || come === undefined) return;
    const setting = columnSetting(settings, gone)?.setting ?? '';
    throw refused(
      now,
      `${setting} hides column ${gone}, which no longer exists, and column ${come} is new: it may be the same column under another name. ` +
        `Fix: configure ${come} beside ${setting} ({} publishes it as it is), and keep the setting of ${gone} until capture has passed this change`,
    );
  }
}

function conditionOf(
  schema: TableSchema,
  { where }: TableSettings,
): { readonly compiled: RowCondition | null; readonly problems: readonly PreflightProblem[] } {
  if (where === null) return { compiled: null, problems: [] };
  try {
    return { compiled: compileCondition(where.text, schema.columns), problems: [] };
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    const problem = {
      setting: where.setting,
      found: `\`${where.text}\`, which ${error.message} (table ${tableId(schema.database, schema.table)})`,
      required: 'a condition on columns of the table, see docs/tables.md',
      fix: 'correct the condition',
    };
    return { compiled: null, problems: [problem] };
  }
}

/** @param published names of the key columns, in key order */
function partitionsOf(
  { database, table, keyColumns }: TableSchema,
  { partitionBy }: TableSettings,
  published: readonly string[],
): { readonly columns: readonly string[] | null; readonly problems: readonly PreflightProblem[] } {
  if (partitionBy === null) return { columns: null, problems: [] };
  const folded = keyColumns.map((name) => name.toLowerCase());
  const wanted = partitionBy.columns.map((name) => name.toLowerCase());
  const stranger = partitionBy.columns.find((_, index) => !folded.includes(wanted[index] ?? ''));
  if (stranger === undefined)
    return { columns: published.filter((_, index) => wanted.includes(folded[index] ?? '')), problems: [] };
  const problem = {
    setting: partitionBy.setting,
    found: `${stranger}, while the key of ${tableId(database, table)} is ${keyColumns.join(', ')}`,
    required:
      'columns of the key: by another, changes of one row would be in several partitions, without an order',
    fix: 'name columns of the key, or leave partitionBy out',
  };
  return { columns: null, problems: [problem] };
}

function namesOf({ columns, leftOut = [] }: TableSchema): ReadonlySet<string> {
  return new Set([...columns.map(({ name }) => name), ...leftOut]);
}

function refused({ database, table }: TableSchema, message: string): PipelineError {
  const id = tableId(database, table);
  return new PipelineError('TABLE_SHAPE_REFUSED', `Table ${id}: ${message}.`, { context: { table: id } });
}

/** For tables that are all published as they are. */
export const NO_SHAPING = new PublicationCompiler({}, null);
