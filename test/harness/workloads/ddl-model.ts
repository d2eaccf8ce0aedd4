import type { SeededRandom } from '@sluice/seeded-random';

/** Every class of change that `ddl` of sluice.yaml tells apart, and the ways there are to it. */
export const DDL_KINDS = [
  'add column',
  'change type',
  'drop column',
  'rename column',
  'rename table',
  'swap tables',
  'truncate',
  'drop and create',
  'drop table',
  'create table',
] as const;
export type DdlKind = (typeof DDL_KINDS)[number];

/** A statement, or several that stand and fall together, and what the model knows when they have run. */
export interface DdlStep {
  readonly kind: DdlKind;
  readonly statements: readonly string[];
  readonly done: () => void;
}

type ValueKind = 'int' | 'bigint' | 'digits' | 'text' | 'long' | 'decimal' | 'moment';

interface ModelColumn {
  readonly name: string;
  readonly kind: ValueKind;
}

const TYPES: Readonly<Record<ValueKind, string>> = {
  int: 'INT',
  bigint: 'BIGINT',
  digits: 'VARCHAR(20)',
  text: 'VARCHAR(60)',
  long: 'TEXT',
  decimal: 'DECIMAL(12,2)',
  moment: 'DATETIME(3)',
};
/** Types that hold what the column's values say, wider ones and narrower ones. */
const CONVERSIONS: Readonly<Record<ValueKind, readonly ValueKind[]>> = {
  int: ['bigint', 'digits'],
  bigint: ['int', 'digits', 'long'],
  digits: ['int', 'bigint', 'text'],
  text: ['long'],
  long: ['text'],
  decimal: ['text'],
  moment: ['text'],
};
const DEFAULTS: Readonly<Partial<Record<ValueKind, string>>> = {
  int: '7',
  bigint: '-7',
  digits: "'77'",
  text: "'as it was'",
  decimal: '1.50',
  moment: "'2026-11-21 09:05:34.123'",
};
const KINDS = Object.keys(TYPES) as ValueKind[];
/** So few that names come again, for other tables. */
const TABLE_NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const COLUMN_NAMES = ['k', 'l', 'm', 'n', 'o', 'p', 'q', 'r'];
const COLUMNS_MAX = 6;

/** What tables there are and what they look like: makes statements that a server takes, from chance alone. */
export class DdlModel {
  readonly #tables = new Map<string, readonly ModelColumn[]>();
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  get tables(): readonly string[] {
    return [...this.#tables.keys()];
  }

  /** Names that no table has now. */
  get freeNames(): readonly string[] {
    return TABLE_NAMES.filter((name) => !this.#tables.has(name));
  }

  columnsOf(table: string): readonly string[] {
    return (this.#tables.get(table) ?? []).map(({ name }) => name);
  }

  /** A literal that the column takes. */
  literal(random: SeededRandom, table: string, column: string): string {
    const kind = this.#tables.get(table)?.find(({ name }) => name === column)?.kind ?? 'int';
    return random.chance(0.1) ? 'NULL' : literalOf(kind, random);
  }

  /** Null when there is nothing that this could be done to. */
  step(kind: DdlKind): DdlStep | null {
    const table = this.#pick(this.tables);
    if (kind === 'create table') return this.#create();
    if (table === undefined) return null;
    if (kind === 'truncate') return { kind, statements: [`TRUNCATE TABLE ${table}`], done: () => undefined };
    if (kind === 'drop and create') return this.#dropAndCreate(table);
    if (kind === 'drop table') return this.#drop(table);
    if (kind === 'rename table') return this.#renameTable(table);
    if (kind === 'swap tables') return this.#swap(table);
    return this.#alter(kind, table);
  }

  #create(): DdlStep | null {
    const name = this.#pick(this.freeNames);
    return name === undefined ? null : { kind: 'create table', ...this.#creation(name) };
  }

  #creation(name: string): Omit<DdlStep, 'kind'> {
    const columns = COLUMN_NAMES.slice(0, this.#random.integer(1, 3)).map((column) => ({
      name: column,
      kind: this.#kind(),
    }));
    const list = columns.map((column) => `${column.name} ${TYPES[column.kind]} NULL`);
    return {
      statements: [`CREATE TABLE ${name} (id INT NOT NULL PRIMARY KEY, ${list.join(', ')})`],
      done: () => void this.#tables.set(name, columns),
    };
  }

  #dropAndCreate(table: string): DdlStep {
    const { statements, done } = this.#creation(table);
    return { kind: 'drop and create', statements: [`DROP TABLE ${table}`, ...statements], done };
  }

  #drop(table: string): DdlStep | null {
    if (this.#tables.size < 3) return null;
    const done = (): void => void this.#tables.delete(table);
    return { kind: 'drop table', statements: [`DROP TABLE ${table}`], done };
  }

  #renameTable(table: string): DdlStep | null {
    const to = this.#pick(this.freeNames);
    if (to === undefined) return null;
    const done = (): void => {
      this.#tables.set(to, this.#tables.get(table) ?? []);
      this.#tables.delete(table);
    };
    const sql = this.#random.chance(0.5)
      ? `RENAME TABLE ${table} TO ${to}`
      : `ALTER TABLE ${table} RENAME TO ${to}`;
    return { kind: 'rename table', statements: [sql], done };
  }

  #swap(table: string): DdlStep | null {
    const other = this.#pick(this.tables.filter((name) => name !== table));
    const [between] = this.freeNames;
    if (other === undefined || between === undefined) return null;
    const done = (): void => {
      const [one = [], two = []] = [this.#tables.get(table), this.#tables.get(other)];
      this.#tables.set(table, two);
      this.#tables.set(other, one);
    };
    const sql = `RENAME TABLE ${table} TO ${between}, ${other} TO ${table}, ${between} TO ${other}`;
    return { kind: 'swap tables', statements: [sql], done };
  }

  #alter(kind: DdlKind, table: string): DdlStep | null {
    const columns = this.#tables.get(table) ?? [];
    const column = this.#pick(columns);
    const fresh = this.#pick(COLUMN_NAMES.filter((name) => !columns.some((each) => each.name === name)));
    const altered = (clause: string, now: readonly ModelColumn[]): DdlStep => ({
      kind,
      statements: [`ALTER TABLE ${table} ${clause}`],
      done: () => void this.#tables.set(table, now),
    });
    const instead = (made: ModelColumn): readonly ModelColumn[] =>
      columns.map((each) => (each === column ? made : each));
    if (kind === 'add column') {
      if (fresh === undefined || columns.length >= COLUMNS_MAX) return null;
      const added = { name: fresh, kind: this.#kind() };
      return altered(`ADD COLUMN ${definition(added, this.#random)}`, [...columns, added]);
    }
    if (column === undefined) return null;
    if (kind === 'drop column') {
      if (columns.length < 2) return null;
      return altered(
        `DROP COLUMN ${column.name}`,
        columns.filter((each) => each !== column),
      );
    }
    if (kind === 'rename column') {
      if (fresh === undefined) return null;
      return altered(`RENAME COLUMN ${column.name} TO ${fresh}`, instead({ ...column, name: fresh }));
    }
    const to = this.#pick(CONVERSIONS[column.kind]) ?? column.kind;
    return altered(`MODIFY COLUMN ${column.name} ${TYPES[to]} NULL`, instead({ ...column, kind: to }));
  }

  #kind(): ValueKind {
    return this.#pick(KINDS) ?? 'int';
  }

  #pick<T>(of: readonly T[]): T | undefined {
    return of[this.#random.integer(0, of.length - 1)];
  }
}

function definition({ name, kind }: ModelColumn, random: SeededRandom): string {
  const value = DEFAULTS[kind];
  if (value === undefined || random.chance(0.3)) return `${name} ${TYPES[kind]} NULL`;
  const place = random.chance(0.5) ? ' AFTER id' : '';
  // Others write NULL into it, so it may hold that too.
  return `${name} ${TYPES[kind]} NULL DEFAULT ${value}${place}`;
}

function literalOf(kind: ValueKind, random: SeededRandom): string {
  const number = random.integer(-2_000_000_000, 2_000_000_000);
  switch (kind) {
    case 'int':
    case 'bigint':
      return String(number);
    case 'digits':
      return `'${number}'`;
    case 'text':
    case 'long':
      return `'ü ${number.toString(36)}'`;
    case 'decimal':
      return `${number}.${random.integer(10, 99)}`;
    case 'moment':
      return `'20${random.integer(10, 37)}-0${random.integer(1, 9)}-1${random.integer(0, 9)} 0${random.integer(0, 9)}:05:34.${random.integer(100, 999)}'`;
  }
}
