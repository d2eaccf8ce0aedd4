import { setTimeout as delay } from 'node:timers/promises';
import type { SluiceConfig } from '@sluice/runtime';
import { askProcesses } from './ask-processes.ts';
import type { Told } from './ask-service.ts';
import type { OptionValues } from './option-values.ts';
import { isOf } from './service-line.ts';
import { answersPerProcess, type Asked } from './sink-processes.ts';

/** A process looks every two seconds what was ordered. */
const OBEYED_MS = 15_000;
const AGAIN_MS = 500;

export interface PauseOrder {
  readonly config: SluiceConfig;
  readonly sink: string;
  /** `database.table`, or `*` for all of the sink. */
  readonly table: string;
  /** What every process shall say. */
  readonly isPaused: boolean;
  readonly values: OptionValues;
}

/** Who obeys an order that stands in Kafka. */
export interface Obedience {
  /** Processes that say so. */
  readonly obeying: readonly string[];
  /** Why it is not known of others; empty when it is all of them. */
  readonly problems: readonly string[];
}

/**
 * Waits until every process of the sink says that it obeys. One that does not run obeys from its start on, and is not waited for; one
 * that runs and does not say it is a problem.
 */
export async function pauseObeyed(order: PauseOrder): Promise<Obedience> {
  for (const until = performance.now() + OBEYED_MS; ;) {
    const seen = await look(order);
    if (seen.problems.length === 0 || performance.now() > until) return seen;
    await delay(AGAIN_MS);
  }
}

async function look({ config, sink, table, isPaused, values }: PauseOrder): Promise<Obedience> {
  const sought = { pipeline: config.pipeline, sink };
  const { configured, found, unseen } = await askProcesses(config, sink, values);
  // One at the configured address counts when it is of the sink: the others are known by their group, and one that is in none applies nothing.
  const answers = isOf(sought, configured.told) ? answersPerProcess(configured, found) : found;
  const obeying: string[] = [];
  const problems: string[] = [];
  for (const asked of answers) {
    const { told } = asked;
    if (!isOf(sought, told)) problems.push(`${asked.url}: ${whyNot(told)}`);
    else if (told.status.pausedByOperator?.includes(table) === isPaused) obeying.push(nameOf(asked));
    else problems.push(`process ${nameOf(asked)} does not obey yet`);
  }
  return { obeying, problems: unseen === null ? problems : [...problems, unseen] };
}

function nameOf({ url, expected, told }: Asked): string {
  return expected ?? (told.kind === 'told' ? told.status.instance : undefined) ?? url;
}

function whyNot(told: Told): string {
  return told.kind === 'told' ? 'another service answers here' : told.detail;
}
