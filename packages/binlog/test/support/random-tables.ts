import {
  BinlogDecoder,
  ByteWriter,
  columnFromInformationSchema,
  describedColumns,
  selectExpression,
  selectValueWriter,
  type Column,
  type ColumnFacts,
  type InformationSchemaColumn,
  type NamedType,
  type TableMap,
} from '../../src/index.ts';
import { dumpBinlog } from './dump.ts';
import { randomColumn, type RandomColumn, type RandomValue } from './random-columns.ts';
import { Recorder } from './recorder.ts';
import { SeededRandom } from '@sluice/seeded-random';
import type { Session } from './session.ts';

/** JSON texts of a row, the id first. */
type Texts = readonly string[];

/** What is known of one random table from each side. */
export interface RandomTable {
  readonly name: string;
  /** Makes the same table as the only one. */
  readonly seed: number;
  readonly types: readonly string[];
  /** What the values must be by rule, null where only the two ways can be compared: at first, and after the updates. */
  readonly expected: readonly (readonly (string | null)[])[];
  /** What a SELECT gave at first, and after the updates. */
  readonly selected: readonly Texts[];
  readonly selectedLater: readonly Texts[];
  /** Rows that the updates changed: the document `null` and NULL are one text, and two values. */
  readonly changed: readonly number[];
  /** What the binlog said. */
  readonly inserted: readonly Texts[];
  readonly updatedFrom: readonly Texts[];
  readonly updatedTo: readonly Texts[];
  readonly deleted: readonly Texts[];
  /** Types as the table map and as information_schema have them. */
  readonly mapTypes: readonly string[];
  readonly schemaTypes: readonly string[];
}

interface Plan {
  readonly name: string;
  readonly seed: number;
  readonly columns: readonly RandomColumn[];
  readonly rows: readonly (readonly RandomValue[])[];
  /** By row, from its second on. */
  readonly changes: readonly (readonly RandomValue[])[];
}

const NAMED_TYPES = new Set(['uuid', 'inet6', 'inet4']);

/** Writes random values into random tables, and reads them by SELECT and from the binlog. */
export async function randomTables(session: Session, seed: number, count: number): Promise<RandomTable[]> {
  const { flavour } = session.server;
  const plans = Array.from({ length: count }, (_, index) => planOf(seed, index, flavour));
  const from = await session.position();
  const selections: Written[] = [];
  for (const plan of plans) selections.push(await write(session, plan));
  const dump = await dumpBinlog(session.server, from);
  const recorder = new Recorder(session.database);
  const columnFacts = (map: TableMap): ColumnFacts => factsOf(map, plans);
  const decoder = new BinlogDecoder(recorder, { checksum: dump.checksum, flavour, ...from, columnFacts });
  for (const event of dump.events) decoder.accept(event);
  return plans.map((plan, index) => {
    const { first, later, schema } = selections[index]!;
    const isSame = (row: number): boolean => sameValues(first.values[row]!, later.values[row]!);
    const map = recorder.maps.get(`${session.database}.${plan.name}`)!;
    return {
      name: plan.name,
      seed: plan.seed,
      types: plan.columns.map(({ type }) => type),
      expected: plan.rows.map((row, id) => [String(id), ...row.map(([, json]) => json)]),
      selected: first.texts,
      selectedLater: later.texts,
      changed: plan.rows.flatMap((_, row) => (isSame(row) ? [] : [row])),
      ...imagesOf(recorder, plan.name),
      mapTypes: describedColumns(map.columns, factsOf(map, plans)).map(({ sqlType }) => sqlType),
      schemaTypes: schema,
    };
  });
}

function planOf(seed: number, index: number, flavour: 'mysql' | 'mariadb'): Plan {
  const random = new SeededRandom(seed + index);
  const columns = Array.from({ length: random.integer(1, 8) }, () => randomColumn(random, flavour));
  const rowOf = (): RandomValue[] => columns.map((column) => column.value(random));
  const rows = Array.from({ length: 16 }, rowOf);
  return { name: `r${index}`, seed: seed + index, columns, rows, changes: rows.slice(1).map(rowOf) };
}

interface Selection {
  readonly values: readonly (readonly (Buffer | null)[])[];
  readonly texts: readonly Texts[];
}

interface Written {
  readonly first: Selection;
  readonly later: Selection;
  readonly schema: readonly string[];
}

async function write(session: Session, plan: Plan): Promise<Written> {
  const { name, columns, rows, changes } = plan;
  const definitions = columns.map(({ type }, index) => `c${index} ${type}`);
  await session.run(`CREATE TABLE ${name} (id int NOT NULL PRIMARY KEY, ${definitions.join(', ')})`);
  const tuples = rows.map((row, id) => `(${[id, ...row.map(([sql]) => sql)].join(', ')})`);
  await session.run(`INSERT INTO ${name} VALUES ${tuples.join(', ')}`);
  const described = await session.records<InformationSchemaColumn>(
    `SELECT * FROM information_schema.columns WHERE table_schema = '${session.database}' AND table_name = '${name}' ORDER BY ordinal_position`,
  );
  const schema = described.map((column) => columnFromInformationSchema(column, session.server.flavour));
  const first = await select(session, name, schema);
  for (const [index, change] of changes.entries()) {
    const sets = change.map(([sql], column) => `c${column} = ${sql}`);
    await session.run(`UPDATE ${name} SET ${sets.join(', ')} WHERE id = ${index + 1}`);
  }
  const later = await select(session, name, schema);
  await session.run(`DELETE FROM ${name}`);
  return { first, later, schema: schema.map(({ sqlType }) => sqlType) };
}

async function select(session: Session, table: string, columns: readonly Column[]): Promise<Selection> {
  const writers = columns.map(selectValueWriter);
  const out = new ByteWriter(64);
  const values = await session.select(
    `SELECT ${columns.map(selectExpression).join(', ')} FROM ${table} ORDER BY id`,
  );
  const texts = values.map((row) =>
    row.map((text, index) => {
      out.reset();
      writers[index]!(text, out);
      return out.bytes.toString('utf8', 0, out.position);
    }),
  );
  return { values, texts };
}

function sameValues(one: readonly (Buffer | null)[], other: readonly (Buffer | null)[]): boolean {
  return one.every((value, column) => {
    const changed = other[column] ?? null;
    return value === null || changed === null ? value === changed : value.equals(changed);
  });
}

function factsOf(map: TableMap, plans: readonly Plan[]): ColumnFacts {
  const columns = plans.find(({ name }) => name === map.table)?.columns ?? [];
  const named = columns.flatMap(({ type }, index): [string, NamedType][] => {
    const [word = ''] = type.split(' ');
    return NAMED_TYPES.has(word) ? [[`c${index}`, word as NamedType]] : [];
  });
  return { namedTypes: new Map(named), leftOut: new Set() };
}

function imagesOf(
  recorder: Recorder,
  table: string,
): Pick<RandomTable, 'inserted' | 'updatedFrom' | 'updatedTo' | 'deleted'> {
  const rows = recorder.rows.get(table) ?? [];
  const of = (operation: string, image: 'before' | 'after'): Texts[] =>
    rows.filter((row) => row.operation === operation).map((row) => row[image]!);
  return {
    inserted: of('INSERT', 'after'),
    updatedFrom: of('UPDATE', 'before'),
    updatedTo: of('UPDATE', 'after'),
    deleted: of('DELETE', 'before'),
  };
}
