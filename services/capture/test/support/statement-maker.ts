import { SeededRandom } from '@sluice/seeded-random';
import type { Dialect } from '../../src/ddl/sql-lexer.ts';
import type { TableState } from './statement-log.ts';

const NAMES = [
  'plain', 'größe', 'a b', 'select', 'a`b', 'a"b', "it's", 'back\\slash', '1st', 'c,d', 'e.f', 'g(h)', '/*x*/', '--y', '-- z',
  '#w', 'x;y', 'o]p', '表', 'ENUM', 'to', 'rename', 'ж', '$v', 'a\u00a0b', 'Ä', '\\',
]; // prettier-ignore
const MODES: Readonly<Record<Dialect['flavour'], readonly string[]>> = {
  mysql: ['', 'ANSI_QUOTES', 'NO_BACKSLASH_ESCAPES', 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES', 'ANSI', 'TRADITIONAL'],
  mariadb: ['', 'ANSI_QUOTES', 'NO_BACKSLASH_ESCAPES', 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES', 'ANSI', 'ORACLE', 'MSSQL', 'DB2', 'POSTGRESQL', 'MAXDB'],
}; // prettier-ignore
const CHARSETS = [
  'utf8mb4', 'utf8mb4', 'utf8mb4', 'utf8mb3', 'latin1', 'latin1', 'sjis', 'cp932', 'gbk', 'big5', 'ujis', 'euckr', 'cp1251', 'koi8r',
  'latin2', 'greek', 'cp850', 'binary', 'ascii',
]; // prettier-ignore
const TEXTS = [
  "'",
  '"',
  '\\',
  '`',
  '/*',
  '*/',
  '-- ',
  '#',
  ';',
  ', RENAME TO x',
  'x',
  'ß',
  '表',
  '\n',
  '(',
  ')',
  ',',
  'TO',
];
const ANSI = /ANSI|ORACLE|MSSQL|DB2|POSTGRESQL|MAXDB/u;
const TABLES = 6;

export interface MadeStatement {
  readonly sql: string;
  readonly charset: string;
  readonly mode: string;
}

/** Statements about tables with awkward names, in awkward spellings. The same seed makes the same ones. */
export class StatementMaker {
  readonly #flavour: Dialect['flavour'];
  readonly #databases: readonly [string, string];
  readonly #random: SeededRandom;
  #identity = 0;
  #mode = '';

  constructor(seed: number, flavour: Dialect['flavour'], databases: readonly [string, string]) {
    this.#random = new SeededRandom(seed);
    this.#flavour = flavour;
    this.#databases = databases;
  }

  /** Statements that bring the tables back to their number, each with rows. */
  missing(tables: ReadonlyMap<string, TableState>): string[] {
    const statements = [...tables].flatMap(([id, { rows, identity }]) => {
      const [database, name] = this.#split(id);
      return rows > 0
        ? []
        : [`INSERT INTO ${database}.${backticked(name)} (${identity.split(' ')[0] ?? ''}) VALUES (1)`];
    });
    const names = new Set(tables.keys());
    while (names.size < TABLES) {
      const database = this.#pick(this.#databases);
      const name = this.#pick(NAMES);
      if (names.has(`${database}.${name}`)) continue;
      names.add(`${database}.${name}`);
      const id = `id_${++this.#identity}`;
      statements.push(
        `CREATE TABLE ${database}.${backticked(name)} (${id} INT NOT NULL PRIMARY KEY, v VARCHAR(200), w INT)`,
      );
      statements.push(`INSERT INTO ${database}.${backticked(name)} (${id}) VALUES (1), (2)`);
    }
    return statements;
  }

  next(tables: readonly string[]): MadeStatement {
    this.#mode = this.#pick(MODES[this.#flavour]);
    const charset = this.#pick(CHARSETS);
    const one = this.#pick(tables);
    const other = this.#pick(tables.filter((name) => name !== one));
    const body = `${this.#setting()}${this.#body(one, other)}`;
    const wrapped = this.#chance(0.1) ? `${this.#pick(this.#marks())}${body} */` : body;
    const sql = `${this.#chance(0.2) ? this.#gap() : ''}${wrapped}${this.#chance(0.2) ? this.#gap() : ''}`;
    return { sql: this.#chance(0.1) ? `${sql} # the end` : sql, charset, mode: this.#mode };
  }

  #body(one: string, other: string): string {
    const gap = (): string => this.#gap();
    const free = `${this.#pick(this.#databases)}.${this.#pick(NAMES)}`;
    switch (
      this.#pick(['truncate', 'rename', 'renames', 'drop', 'create', 'alter', 'alter', 'move', 'replace'])
    ) {
      case 'truncate':
        return `TRUNCATE${this.#chance(0.5) ? `${gap()}TABLE` : ''}${gap()}${this.#table(one)}`;
      case 'rename':
        return `RENAME${gap()}TABLE${gap()}${this.#table(one)}${gap()}TO${gap()}${this.#table(free)}`;
      case 'renames':
        return `rename table ${this.#table(one)} to ${this.#table(free)}${this.#maybe(`,${gap()}${this.#table(other)}${gap()}TO${gap()}${this.#table(one)}`)}`;
      case 'drop':
        return `DROP${gap()}TABLE${this.#chance(0.5) ? `${gap()}IF EXISTS` : ''}${gap()}${this.#table(one)}${this.#maybe(`,${this.#table(other)}`)}`;
      case 'create':
        return `CREATE TABLE${this.#chance(0.5) ? ' IF NOT EXISTS' : ''}${gap()}${this.#table(free)}${this.#columns()}`;
      case 'replace':
        return `CREATE${this.#flavour === 'mariadb' ? ' OR REPLACE' : ''} TABLE ${this.#table(this.#flavour === 'mariadb' ? one : free)}${this.#columns()}`;
      case 'move':
        return `ALTER TABLE${gap()}${this.#table(one)}${gap()}COMMENT${gap()}${this.#text()}${this.#maybe(`, RENAME${this.#pick([' TO', ' AS', ''])} ${this.#table(free)}`)}`;
      default:
        return `ALTER${gap()}TABLE${gap()}${this.#table(one)}${gap()}${this.#clause()}${this.#maybe(`,${gap()}${this.#clause()}`)}`;
    }
  }

  /** What MariaDB sets for one statement: the statement itself is still read as the session says. */
  #setting(): string {
    if (this.#flavour === 'mysql' || !this.#chance(0.2)) return '';
    const others = this.#maybe(`,${this.#gap()}lock_wait_timeout=20`);
    const mode = this.#pick(MODES.mariadb);
    return `SET${this.#gap()}STATEMENT${this.#gap()}${this.#pick(['max_statement_time=100', `sql_mode='${mode}'`])}${others}${this.#gap()}FOR${this.#gap()}`;
  }

  #clause(): string {
    const column = `n${this.#integer(10_000)}`;
    return this.#pick([
      `ADD COLUMN ${column} INT COMMENT ${this.#text()}`,
      `ADD${this.#gap()}${column} VARCHAR(300) DEFAULT ${this.#pick(['', 'N'])}${this.#text()}`,
      `ADD COLUMN ${this.#name(`c ${column}`)} ENUM(${this.#text()}, 'x')`,
      `COMMENT = ${this.#text()}`,
      `ADD INDEX ${this.#name(column)} (w)`,
      'ENGINE=InnoDB',
    ]);
  }

  #columns(): string {
    return `(id_${++this.#identity} INT NOT NULL PRIMARY KEY${this.#gap()}, v VARCHAR(300) DEFAULT ${this.#text()} COMMENT ${this.#text()}, w INT)${this.#maybe(` COMMENT=${this.#text()}`)}`;
  }

  /** As it is, left out, or in a comment that the server executes or not. */
  #maybe(part: string): string {
    const kind = this.#integer(5);
    if (kind < 2) return part;
    if (kind === 2) return '';
    return kind === 3 ? ` ${this.#pick(this.#marks())}${part} */` : `${part} ${this.#gap()}`;
  }

  #marks(): readonly string[] {
    return [
      '/*!',
      '/*!50100',
      '/*!50100 ',
      '/*!080000 ',
      '/*!999999 ',
      '/*M! ',
      '/*M!100100 ',
      '/* ',
      '/*!40000\n',
    ];
  }

  #gap(): string {
    const inside = this.#pick(['', 'x', "it's", '"', '`', 'RENAME', ';', ', a TO b', '\\', 'ß', '-- ', '#']);
    const gaps = [
      ' ',
      ' ',
      '  ',
      '\n',
      '\t',
      ` /*${inside}*/ `,
      `/* ${inside} */`,
      ` -- ${inside}\n`,
      ` #${inside}\n`,
      ' --\n',
      '\r\n',
    ];
    return this.#pick(gaps);
  }

  /** A text of the session's mode, in either kind of quotes. */
  #text(): string {
    const quote = ANSI.test(this.#mode) || this.#chance(0.7) ? "'" : '"';
    const escapes = !this.#mode.includes('NO_BACKSLASH_ESCAPES');
    const count = this.#integer(5);
    let text = '';
    for (let n = 0; n < count; n++) {
      const piece = this.#pick(TEXTS);
      if (piece === quote) text += escapes && this.#chance(0.5) ? `\\${quote}` : quote + quote;
      else text += piece === '\\' && escapes ? '\\\\' : piece;
    }
    // The end that a reader takes for an escape when the session has none, and goes on into the next clause.
    if (!escapes && this.#chance(0.4)) text += '\\';
    return `${quote}${text}${quote}`;
  }

  #table(id: string): string {
    const [database, name] = this.#split(id);
    if (database === this.#databases[0] && this.#chance(0.5))
      return `${this.#chance(0.1) ? '.' : ''}${this.#name(name)}`;
    const dot = this.#chance(0.8) ? '.' : `${this.#gap()}.${this.#gap()}`;
    return `${this.#name(database)}${dot}${this.#name(name)}`;
  }

  #name(name: string): string {
    const isPlain = /^[\w$\u0080-\uffff]+$/u.test(name) && !/^(?:select|to|rename|\d+)$/iu.test(name);
    if (isPlain && this.#chance(0.5)) return name;
    if (ANSI.test(this.#mode) && this.#chance(0.5)) return `"${name.replaceAll('"', '""')}"`;
    if (this.#mode === 'MSSQL' && this.#chance(0.5)) return `[${name.replaceAll(']', ']]')}]`;
    return backticked(name);
  }

  #split(id: string): readonly [string, string] {
    const at = id.indexOf('.');
    return [id.slice(0, at), id.slice(at + 1)];
  }

  #pick<T>(list: readonly T[]): T {
    return this.#random.pick(list);
  }

  #chance(probability: number): boolean {
    return this.#random.chance(probability);
  }

  /** From 0 to below `limit`. */
  #integer(limit: number): number {
    return this.#random.below(limit);
  }
}

function backticked(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
