import { exactMember, memberNames, type JsonValue, type Row, type Sequence } from '@sluice/envelope';

/** What the guards compare: the digits stand at a fixed place of a JSON row, see `scripts.ts`. */
const SEQUENCE_FIELD = '_sequence';
const SEQUENCE_MEMBER = `"${SEQUENCE_FIELD}":`;

/**
 * The values of a key as they stand in the name of a Redis key, in the order of the key; none has a `:` or a brace in it.
 * @param keyText the key as JSON text, which has its columns in the order of the key
 */
export function keyValues(key: Row, keyText: string): readonly string[] {
  const names = Object.keys(key);
  // An object has names like `2024` in front of all others, in the order of their numbers.
  const ordered = names.length > 1 && /^\d/.test(names[0] ?? '') ? memberNames(keyText) : names;
  return ordered.map((name) => valueText(key[name] ?? null));
}

/** The value of a key's column, as it stands in the name of a Redis key. */
export function valueText(value: JsonValue): string {
  return escape(textOf(value));
}

/** What the keys of a table's rows begin with: of no other table's, whatever they are called. */
export function tablePrefix(prefix: string, database: string, table: string): string {
  return `${prefix}${escapeName(database)}.${escapeName(table)}:`;
}

/** A text that a glob of Redis fits alone. */
export function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}

/**
 * Where a deleted row's sequence is kept: in the slot of the row, so that one script may touch both in a cluster. A row key
 * with a hash tag of its own (from the prefix) lends it; else the whole row key is the tag.
 * https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
 */
export function tombstoneKey(row: string): string {
  return /\{[^}]+\}/.test(row) ? `sluice:${row}` : `sluice:{${row}}`;
}

/** Where the sequence of a table's last truncate is kept. @param place of `TableKeys` */
export function floorKey(place: string): string {
  return `sluice:floor:${place}`;
}

/** Where it stands whose the keys are that begin so. */
export function ownerKey(head: string): string {
  return `sluice:owner:${head}`;
}

/** Where it stands under which keys a group has a table's rows, and how long they live. */
export function placeKey(group: string, table: string): string {
  return `sluice:place:${group}:${table}`;
}

/** Where the newest generation stands whose changes are below the prefix. @param topics prefix of the topics */
export function generationKey(prefix: string, topics: string): string {
  return `sluice:generation:${prefix}${topics}`;
}

/** The partitions that have shown the end of a snapshot. @param place of `TableKeys` */
export function endsKey(place: string, job: string): string {
  return `sluice:ends:${place}${escape(job)}`;
}

/** Shows that this store has been filled by this consumer group, and not lost since. */
export function markerKey(group: string): string {
  return `sluice:marker:${group}`;
}

/** The guard's own field, and columns of such names, which have one `_` more. */
const SEQUENCE_NAMES = /^_+sequence$/;
const MAY_COLLIDE = /"_+sequence"\s*:/;

/** A row as one string: the sequence first, then the columns in the very text that capture wrote. */
export function jsonValue(sequence: Sequence, after: string): string {
  const columns = (MAY_COLLIDE.test(after) ? withoutCollision(after) : after).slice(1);
  return `{${SEQUENCE_MEMBER}"${sequence}"${columns === '}' ? '' : ','}${columns}`;
}

/** Of two members of one name a reader sees one only. */
function withoutCollision(after: string): string {
  const members = memberNames(after).map(
    (name) => `${JSON.stringify(storedName(name))}:${exactMember(after, name) ?? 'null'}`,
  );
  return `{${members.join(',')}}`;
}

function storedName(column: string): string {
  return SEQUENCE_NAMES.test(column) ? `_${column}` : column;
}

/** A row as fields of a hash: name, value, name, value…; the sequence first, a NULL is no field. */
export function hashFields(sequence: Sequence, after: Row, afterText: string): readonly string[] {
  const fields = [SEQUENCE_FIELD, sequence];
  for (const [name, value] of Object.entries(after)) {
    if (value === null) continue;
    fields.push(
      storedName(name),
      typeof value === 'string' ? value : (exactMember(afterText, name) ?? textOf(value)),
    );
  }
  return fields;
}

/** `:` separates, `%` escapes, braces would make a hash tag. */
function escape(text: string): string {
  return text.replace(/[%:{}]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The dot separates database and table. */
function escapeName(name: string): string {
  return escape(name).replaceAll('.', '%2E');
}

function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
