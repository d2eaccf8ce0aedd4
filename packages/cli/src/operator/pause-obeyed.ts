import { setTimeout as delay } from 'node:timers/promises';
import type { SluiceConfig } from '@sluice/runtime';
import { askService, type Told } from './ask-service.ts';
import { callOf, findProcesses, unseenOf } from './find-processes.ts';
import type { OptionValues } from './option-values.ts';
import { serviceOf } from './ops-url.ts';
import { strangerOf, type Sought } from './service-line.ts';
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
  const path = ['sinks', sink];
  const { url, ...who } = serviceOf(config, path, values);
  const [{ processes, members, nameless }, atAddress] = await Promise.all([
    findProcesses(config, sink),
    askService({ ...who, url }),
  ]);
  const found = await Promise.all(
    processes.map(async (process): Promise<Asked> => {
      const { instance } = process;
      const isSame = atAddress.kind === 'told' && atAddress.status.instance === instance;
      const told = isSame ? atAddress : await askService(callOf(config, path, process, values));
      return { url: process.url, expected: instance, told };
    }),
  );
  // One at the configured address counts when it is of the sink: the others are known by their group, and one that is in none applies nothing.
  const isOurs = isOf({ pipeline: config.pipeline, sink }, atAddress);
  const answers = isOurs ? answersPerProcess({ url, expected: null, told: atAddress }, found) : found;
  const obeying: string[] = [];
  const problems: string[] = [];
  for (const asked of answers) {
    const { told } = asked;
    if (!isOf({ pipeline: config.pipeline, sink }, told)) problems.push(`${asked.url}: ${whyNot(told)}`);
    else if (told.status.pausedByOperator?.includes(table) === isPaused) obeying.push(nameOf(asked));
    else problems.push(`process ${nameOf(asked)} does not obey yet`);
  }
  const unseen = unseenOf(members.problem, nameless);
  return { obeying, problems: unseen === null ? problems : [...problems, unseen] };
}

type Telling = Extract<Told, { kind: 'told' }>;

function isOf(sought: Sought, told: Told): told is Telling {
  return told.kind === 'told' && strangerOf(told.status, sought) === null;
}

function nameOf({ url, expected, told }: Asked): string {
  return expected ?? (told.kind === 'told' ? told.status.instance : undefined) ?? url;
}

function whyNot(told: Told): string {
  return told.kind === 'told' ? 'another service answers here' : told.detail;
}
