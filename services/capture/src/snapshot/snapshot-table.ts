import { columnFromInformationSchema, selectExpression, type ByteWriter, type Column } from '@sluice/binlog';
import { quoteIdentifier, type TableDescription } from '@sluice/mysql';
import { leftOutOf, type ServerFlavour } from '../catalog/column-catalog.ts';
import { captureTable, ownTopic, schemaColumns, type TableSchema } from '../model/table.ts';
import { keyText } from '../stream/table-route.ts';
import { PUBLISH_AS_IS, type TablePublication } from '../model/publication.ts';
import { encoderFor } from '../encode/shaped-encoder.ts';
import type { TableEncoder } from '../encode/table-encoder.ts';
import { chunkSql, keyLiteral, type ChunkQuery, type LiteralKind } from './chunk-query.ts';
import { SelectImage } from './select-image.ts';

const NUMBER_TYPES = /^(tiny|small|medium|big)?int\b|^decimal\b|^year\b|^double\b|^float\b|^bit\b/u;
const BYTES_TYPES = /^(var)?binary\b|^(tiny|medium|long)?blob\b/u;
const MEMBER_TYPES = /^(enum|set)\b/u;

export type SelectedRow = readonly (Buffer | null)[];

/** One state of a table that is being read in chunks: how to select its rows and what their keys are. */
export class SnapshotTable {
  readonly schema: TableSchema;
  readonly columns: readonly Column[];
  /** What the places in a table's order depend on: a last key is worth nothing when it has changed. */
  readonly order: string;
  readonly #published: ReadonlySet<string> | null;
  readonly #keys: readonly KeyColumn[];
  readonly #comparedKeys: readonly string[];
  readonly #keyEncoder: TableEncoder;
  readonly #expressions: readonly string[];

  /**
   * Throws TABLE_WITHOUT_KEY when there is neither a primary key nor a configured one.
   * @param configuredKey from `source.keys`
   * @param compile what the settings make of a schema
   */
  constructor(
    description: TableDescription,
    configuredKey: readonly string[] | undefined,
    server: ServerFlavour,
    compile: (schema: TableSchema) => TablePublication = () => PUBLISH_AS_IS,
  ) {
    const { database, table } = description;
    const leftOut = leftOutOf(description, server);
    this.columns = description.columns
      .filter(({ COLUMN_NAME }) => !leftOut.includes(COLUMN_NAME))
      .map((column) => columnFromInformationSchema(column, server.flavour));
    const keyColumns = configuredKey ?? description.primaryKey;
    this.schema = { database, table, columns: schemaColumns(this.columns), keyColumns, leftOut };
    const captured = captureTable(this.schema, 0, ownTopic(''), 0, compile(this.schema));
    this.#keyEncoder = encoderFor(captured, '');
    this.#published = publishedAsTheyAre(captured.publication, this.columns);
    this.#expressions = expressionsOf(this.columns, captured.publication);
    this.#keys = captured.keyOrdinals.map((ordinal) => keyColumn(this.columns[ordinal] as Column, ordinal));
    this.#comparedKeys = this.#keys.map(({ column }) => comparedKey(description, column));
    this.order = this.#keys.map(({ column }) => `${column.name} ${column.sqlType}`).join(', ');
  }

  /** Whether readers are kept from values of a column of the table, in whole or in part. */
  readonly isHidden = (column: string): boolean => this.#published?.has(column) === false;

  /** The SELECT of a page. */
  pageSql(page: Pick<ChunkQuery, 'after' | 'limit' | 'condition' | 'lock'>): string {
    const { database, table, keyColumns } = this.schema;
    const members = this.#keys
      .filter(({ kind }) => kind === 'member')
      .map(({ column }) => memberNumber(column));
    const expressions = [...this.#expressions, ...members];
    return chunkSql({ database, table, keyColumns, comparedKeys: this.#comparedKeys, expressions, ...page });
  }

  /** The key of a row as SQL literals, to go on after it. */
  keyOf(row: SelectedRow): string[] {
    let extra = this.columns.length;
    return this.#keys.map(({ ordinal, kind }) => {
      const value = row[kind === 'member' ? extra++ : ordinal] ?? Buffer.alloc(0);
      return keyLiteral(value, kind === 'member' ? 'number' : kind);
    });
  }

  /** The record keys of rows as `keyText`. */
  keyTexts(rows: readonly SelectedRow[], scratch: ByteWriter): string[] {
    const image = new SelectImage(this.columns);
    return rows.map((row) => {
      image.row = row;
      this.#keyEncoder.writeKey(image, scratch);
      return keyText(scratch);
    });
  }
}

/** Null when all columns are. */
function publishedAsTheyAre(
  { plan }: TablePublication,
  columns: readonly Column[],
): ReadonlySet<string> | null {
  if (plan === null) return null;
  const plain = plan.columns.filter(({ step }) => step.kind === 'write');
  return new Set(plain.map(({ place }) => columns[place]?.name ?? ''));
}

/** What nobody gets to see is not asked for. */
function expressionsOf(columns: readonly Column[], { plan, condition }: TablePublication): readonly string[] {
  if (plan === null) return columns.map((column) => selectExpression(column));
  const steps = new Map(plan.columns.map(({ place, step }) => [place, step.kind]));
  return columns.map((column, place) => {
    const kind = condition?.places.has(place) === true ? 'write' : steps.get(place);
    if (kind === undefined) return 'NULL';
    return kind === 'mask'
      ? `IF(${quoteIdentifier(column.name)} IS NULL, NULL, 1)`
      : selectExpression(column);
  });
}

interface KeyColumn {
  readonly column: Column;
  readonly ordinal: number;
  /** `member`: an ENUM or SET, which is ordered by the numbers of its members but compared with a text as a text. */
  readonly kind: LiteralKind | 'member';
}

function keyColumn(column: Column, ordinal: number): KeyColumn {
  const type = column.sqlType;
  if (MEMBER_TYPES.test(type)) return { column, ordinal, kind: 'member' };
  if (NUMBER_TYPES.test(type)) return { column, ordinal, kind: 'number' };
  return { column, ordinal, kind: BYTES_TYPES.test(type) ? 'bytes' : 'text' };
}

/** MariaDB takes a literal that is compared with a YEAR(2) for two digits. */
function comparedKey({ columns }: TableDescription, column: Column): string {
  const described = columns.find(({ COLUMN_NAME }) => COLUMN_NAME === column.name);
  return described?.COLUMN_TYPE.startsWith('year(2)') === true
    ? selectExpression(column)
    : quoteIdentifier(column.name);
}

function memberNumber(column: Column): string {
  return `CAST(${quoteIdentifier(column.name)} AS UNSIGNED)`;
}
