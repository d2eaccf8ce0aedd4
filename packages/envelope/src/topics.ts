/**
 * Names of topics. A data topic is `<prefix>.<database>.<table>`; both names are written so that two different tables
 * never share a topic: what Kafka does not allow in a name, and the dot, which separates, become `_xHHHH_` (UTF-16 code unit).
 */

/** Kafka's own limit on the length of a topic name (org.apache.kafka.common.internals.Topic). */
const TOPIC_LENGTH_MAX = 249;

const INTERNAL = 'sluice';
const DEAD_LETTERS = 'dlq';

/** Throws RangeError when the name is longer than Kafka's 249 characters. */
export function topicName(prefix: string, database: string, table: string): string {
  const name = `${prefix}.${escapeDatabase(database)}.${escape(table)}`;
  if (name.length > TOPIC_LENGTH_MAX) {
    throw new RangeError(
      `topic name ${name} is longer than ${TOPIC_LENGTH_MAX} characters: choose a shorter topics.prefix`,
    );
  }
  return name;
}

/** The table of a data topic; null for any other topic. */
export function parseTopicName(prefix: string, name: string): { database: string; table: string } | null {
  if (!name.startsWith(`${prefix}.`)) return null;
  const parts = name.slice(prefix.length + 1).split('.');
  const [database, table] = parts;
  if (parts.length !== 2 || !database || !table || database === INTERNAL || database === DEAD_LETTERS)
    return null;
  return { database: unescape(database), table: unescape(table) };
}

export function isDataTopic(prefix: string, name: string): boolean {
  return parseTopicName(prefix, name) !== null;
}

/** Progress of capture: compacted, one partition. */
export function checkpointsTopic(prefix: string): string {
  return `${prefix}.${INTERNAL}.checkpoints`;
}

/** Columns of every table by version: kept for ever. */
export function schemaHistoryTopic(prefix: string): string {
  return `${prefix}.${INTERNAL}.schema-history`;
}

/** Statements that changed a captured table, for people and alerts. */
export function ddlTopic(prefix: string): string {
  return `${prefix}.${INTERNAL}.ddl`;
}

export function heartbeatTopic(prefix: string): string {
  return `${prefix}.${INTERNAL}.heartbeat`;
}

/** Records that one sink could not apply. */
export function deadLetterTopic(prefix: string, sink: string): string {
  return `${prefix}.${DEAD_LETTERS}.${sink}`;
}

/** What operators decided about one sink: dead letters resolved, a halt accepted, a rewind ordered. Compacted, one partition. */
export function decisionsTopic(prefix: string, sink: string): string {
  return `${prefix}.${INTERNAL}.decisions.${sink}`;
}

/** A database called `sluice` or `dlq` must not be taken for Sluice's own topics. */
function escapeDatabase(database: string): string {
  if (database === INTERNAL || database === DEAD_LETTERS)
    return escapeUnit(database.charAt(0)) + database.slice(1);
  return escape(database);
}

function escape(name: string): string {
  return name.replace(/_(?=x[0-9a-f]{4})|[^A-Za-z0-9_-]/g, escapeUnit);
}

function unescape(name: string): string {
  return name.replace(/_x([0-9a-f]{4})_/g, (_, unit: string) =>
    String.fromCharCode(Number.parseInt(unit, 16)),
  );
}

function escapeUnit(unit: string): string {
  return `_x${unit.charCodeAt(0).toString(16).padStart(4, '0')}_`;
}
