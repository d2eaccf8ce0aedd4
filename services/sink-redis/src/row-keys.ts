import { tableId, type JsonValue, type Row, type TableName } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import type { RedisConfig } from './config.ts';
import { CODES } from './errors.ts';
import { parseKeyTemplate, type KeyTemplate } from './key-template.ts';
import { escapeGlob, keyValues, tablePrefix, valueText } from './redis-mapper.ts';

/** The keys of one table's rows. */
export interface TableKeys {
  /** What floors, owners and the ends of snapshots are named by: of no other table of the sink. */
  readonly place: string;
  /** The template, as the settings have it; null where keys begin with the table's name. */
  readonly template: string | null;
  /** What all of them begin with, up to a colon: nobody else may begin keys so. */
  readonly heads: readonly string[];
  /** Glob of SCAN and of ACL rules; it may fit keys of other tables too. */
  readonly pattern: string;
  /** Whether a key that the pattern fits is one of this table. */
  has(key: string): boolean;
  /**
   * @param keyText the key as JSON text, which has its columns in the order of the key
   * @throws REDIS_KEY_TEMPLATE where the template names other columns
   */
  rowKey(key: Row, keyText: string): string;
  /** Seconds that a row lives behind its last change; null: until it is deleted. */
  readonly ttlSeconds: number | null;
}

export type RowSettings = Pick<RedisConfig, 'keyPrefix' | 'rows'>;

/** Where the rows of a sink are: by `rows` of its settings, or by the table's name. Pure. */
export class RowKeys {
  readonly #settings: RowSettings;
  readonly #section: string;
  readonly #known = new Map<string, TableKeys>();

  /** @param section `sinks.<name>`, for messages */
  constructor(settings: RowSettings, section: string) {
    this.#settings = settings;
    this.#section = section;
  }

  of({ database, table }: TableName): TableKeys {
    const id = tableId(database, table);
    const known = this.#known.get(id) ?? this.#make(id, { database, table });
    this.#known.set(id, known);
    return known;
  }

  #make(id: string, { database, table }: TableName): TableKeys {
    const { keyPrefix, rows } = this.#settings;
    const { keyTemplate: template = null, ttlSeconds = null } = rows[id] ?? {};
    if (template !== null) {
      const setting = `${this.#section}.rows["${id}"].keyTemplate`;
      return { ...templated(keyPrefix, template, setting), ttlSeconds };
    }
    const head = tablePrefix(keyPrefix, database, table);
    const rowKey = (key: Row, text: string): string => head + keyValues(key, text).join(':');
    return {
      place: head,
      template,
      heads: [head],
      pattern: `${escapeGlob(head)}*`,
      has: () => true,
      rowKey,
      ttlSeconds,
    };
  }
}

function templated(keyPrefix: string, template: string, setting: string): Omit<TableKeys, 'ttlSeconds'> {
  const { texts, columns } = parseKeyTemplate(template);
  const [first = ''] = texts;
  const parts = [keyPrefix + first, ...texts.slice(1)];
  const form = new RegExp(`^${parts.map(escapeRegExp).join('[^:{}.]*')}$`);
  return {
    place: `${keyPrefix}${template}:`,
    template,
    heads: headsOf(keyPrefix + first),
    pattern: parts.map(escapeGlob).join('*'),
    has: (key) => form.test(key),
    rowKey: (key) => keyPrefix + filledIn({ texts, columns }, key, setting),
  };
}

function filledIn({ texts, columns }: KeyTemplate, key: Row, setting: string): string {
  const isFit =
    Object.keys(key).length === columns.length && columns.every((column) => Object.hasOwn(key, column));
  if (!isFit)
    throw new PipelineError(
      CODES.REDIS_KEY_TEMPLATE,
      `${setting} names ${columns.join(', ')}, and the key of the table is ${Object.keys(key).join(', ')}: name each of its columns, and no other`,
    );
  return texts.reduce((made, text, index) => made + partText(key[columns[index - 1] ?? ''] ?? null) + text);
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** The value of a column in a template: without the dot that tells keys without one. */
function partText(value: JsonValue): string {
  return valueText(value).replaceAll('.', '%2E');
}

/**
 * The beginnings of a text that end with a colon. Keys of two templates that are equal have the first of them in common, whatever `keyPrefix` is a
 * part of it; those of a template and of a table's name have the head of that table in common, as only `keyPrefix` can have its dot.
 */
function headsOf(text: string): readonly string[] {
  return [...text.matchAll(/:/g)].map(({ index }) => text.slice(0, index + 1));
}
