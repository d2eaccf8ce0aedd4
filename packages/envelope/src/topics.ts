import { DEAD_LETTERS, INTERNAL } from './topic-names.ts';

/*
 * Names of Sluice's own topics. Those of rows: `topic-routing.ts`.
 */

/** Progress of capture: compacted, one partition. */
export function checkpointsTopic(prefix: string): string {
  return `${prefix}.${INTERNAL}.checkpoints`;
}

/** Columns of every table by version: kept for ever, read from its last summary on. */
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

/** Orders that services and the command were given, and refusals. Never compacted. */
export function auditTopic(prefix: string): string {
  return `${prefix}.${INTERNAL}.audit`;
}

/** What each process of capture says of itself, so that they find each other. Compacted, one partition. */
export function instancesTopic(prefix: string): string {
  return `${prefix}.${INTERNAL}.instances`;
}

/** Records that one sink could not apply. */
export function deadLetterTopic(prefix: string, sink: string): string {
  return `${prefix}.${DEAD_LETTERS}.${sink}`;
}

/** What operators decided about one sink: dead letters resolved, a halt accepted, a rewind ordered. Compacted, one partition. */
export function decisionsTopic(prefix: string, sink: string): string {
  return `${prefix}.${INTERNAL}.decisions.${sink}`;
}
