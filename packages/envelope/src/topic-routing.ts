import type { RowOperation } from './envelope.ts';
import { toldOf } from './keys.ts';
import { escapeFirst, escapeName, isReserved, unescapeName } from './topic-names.ts';

export type TopicStrategy = 'table' | 'database' | 'operation';

/** The settings that say where rows go: `topics` of `sluice.yaml`. */
export interface TopicSettings {
  readonly prefix: string;
  /** Default: `table`. */
  readonly strategy?: TopicStrategy | undefined;
  /** Parts between dots, of plain text, `{database}` and `{table}`, and at the end perhaps `{operation}`; takes the place of the strategy's own name. */
  readonly template?: string | undefined;
}

/** A table as far as it is known; null for what is not. */
export interface TableGuess {
  readonly database: string | null;
  readonly table: string | null;
}

/** Kafka's own limit on the length of a topic name (org.apache.kafka.common.internals.Topic). */
const TOPIC_LENGTH_MAX = 249;
const OPERATIONS: readonly RowOperation[] = ['INSERT', 'UPDATE', 'DELETE', 'SNAPSHOT'];
const TEMPLATES: Readonly<Record<TopicStrategy, string>> = {
  table: '{database}.{table}',
  database: '{database}',
  operation: '{database}.{table}',
};
/** At the end of a template: each operation has a topic of its own. */
const BY_OPERATION = '.{operation}';
const PLACEHOLDER = /(\{database\}|\{table\})/u;

/** A part of a name between two dots: texts and placeholders in turn. */
type Part = readonly string[];

/**
 * From tables to topics and back. A name is `<prefix>.` and the template, in which database and table are written so that no
 * two of them look alike. What the name does not tell of a table stands in front of the key columns in the record key: so
 * two tables never have a topic and a record key in common, whatever the template. Pure.
 */
export class TopicRouting {
  /** Topics filled by the same text hold the same records under the same keys. */
  readonly text: string;
  /** Whether every operation has a topic of its own; then changes of one key have no order. */
  readonly splitsOperations: boolean;
  readonly #prefix: string;
  readonly #parts: readonly Part[];
  readonly #pattern: RegExp;
  /** What the record key has to tell, because the name of the topic does not. */
  readonly #tellsDatabase: boolean;
  readonly #tellsTable: boolean;

  constructor({ prefix, strategy = 'table', template: given = TEMPLATES[strategy] }: TopicSettings) {
    const isSplit = given.endsWith(BY_OPERATION);
    const template = isSplit ? given.slice(0, -BY_OPERATION.length) : given;
    this.#prefix = prefix;
    this.#parts = template.split('.').map((part) => part.split(PLACEHOLDER).filter((text) => text !== ''));
    this.splitsOperations = isSplit || strategy === 'operation';
    this.text = this.splitsOperations ? template + BY_OPERATION : template;
    this.#tellsDatabase = !this.#isPlain('{database}');
    this.#tellsTable = !this.#isPlain('{table}');
    this.#pattern = this.#newPattern();
  }

  /** Whether the name of a topic tells the table, so that no two tables have one in common. */
  get tellsTable(): boolean {
    return !this.#tellsDatabase && !this.#tellsTable;
  }

  /**
   * The topic of a table, or with strategy `operation` what the names of its topics begin with. Throws RangeError when a name
   * is longer than Kafka's 249 characters.
   */
  topicOf(database: string, table: string): string {
    const [first = [], ...rest] = this.#parts;
    const plain = expand(first, escapeName(database), escapeName(table));
    const head = isReserved(plain) ? expand(first, escapeFirst(database), escapeFirst(table)) : plain;
    const tail = rest.map((part) => `.${expand(part, escapeName(database), escapeName(table))}`);
    const name = `${this.#prefix}.${head}${tail.join('')}`;
    const longest = Math.max(...this.#named(name).map((topic) => topic.length));
    if (longest <= TOPIC_LENGTH_MAX) return name;
    throw new RangeError(
      `topic name ${name} is longer than ${TOPIC_LENGTH_MAX} characters: choose a shorter topics.prefix`,
    );
  }

  /** All topics of a table. Throws RangeError as `topicOf`. */
  topicsOf(database: string, table: string): readonly string[] {
    return this.#named(this.topicOf(database, table));
  }

  isDataTopic(name: string): boolean {
    return this.#match(name) !== null;
  }

  /**
   * Whose a record is, from its topic and the text of its record key. Null for a topic that is not of this routing.
   * @param key null for a record without one
   */
  sourceOf(topic: string, key: string | null): TableGuess | null {
    const found = this.#match(topic);
    if (found === null) return null;
    const told = toldOf(key ?? '');
    const named = (text: string | undefined): string | null =>
      text === undefined ? null : unescapeName(text);
    return {
      database: this.#tellsDatabase ? told.database : named(found['database']),
      table: this.#tellsTable ? told.table : named(found['table']),
    };
  }

  /** The JSON members that stand first in the record keys of a table, e.g. `"$table":"orders"`; '' where the topic tells all. */
  keyMembers(database: string, table: string): string {
    const members = [
      ...(this.#tellsDatabase ? [`"$database":${JSON.stringify(database)}`] : []),
      ...(this.#tellsTable ? [`"$table":${JSON.stringify(table)}`] : []),
    ];
    return members.join(',');
  }

  /** Whether a placeholder can be read back from a name: two of them in one part cannot be told apart. */
  #isPlain(placeholder: string): boolean {
    const part = this.#parts.find((texts) => texts.includes(placeholder));
    return part !== undefined && part.filter((text) => PLACEHOLDER.test(text)).length === 1;
  }

  #named(base: string): readonly string[] {
    return this.splitsOperations ? OPERATIONS.map((operation) => operationTopic(base, operation)) : [base];
  }

  #match(name: string): Readonly<Record<string, string>> | null {
    const found = this.#pattern.exec(name);
    const [first = ''] = name.slice(this.#prefix.length + 1).split('.');
    return found === null || isReserved(first) ? null : (found.groups ?? {});
  }

  #newPattern(): RegExp {
    const parts = this.#parts.map((part) => part.map((text) => this.#patternOf(text)).join(''));
    const operations = OPERATIONS.map((operation) => operation.toLowerCase()).join('|');
    const end = this.splitsOperations ? `\\.(?:${operations})` : '';
    return new RegExp(`^${literal(`${this.#prefix}.`)}${parts.join('\\.')}${end}$`, 'u');
  }

  #patternOf(text: string): string {
    if (!PLACEHOLDER.test(text)) return literal(text);
    return this.#isPlain(text) ? `(?<${text.slice(1, -1)}>[A-Za-z0-9_-]+)` : '[A-Za-z0-9_-]+';
  }
}

/** Prefix and texts hold letters, digits, `_`, `-` and dots: only the dot means something in a pattern. */
function literal(text: string): string {
  return text.replaceAll('.', '\\.');
}

/** @param base what the names of a table's topics begin with */
export function operationTopic(base: string, operation: RowOperation): string {
  return `${base}.${operation.toLowerCase()}`;
}

function expand(part: Part, database: string, table: string): string {
  return part.map((text) => (text === '{database}' ? database : text === '{table}' ? table : text)).join('');
}
