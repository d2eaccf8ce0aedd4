import { hostname, userInfo } from 'node:os';
import { CAPTURE, tableArgument } from '@sluice/envelope';
import { kafkaClient, PlainProducer } from '@sluice/kafka';
import { createLogger, type SluiceConfig } from '@sluice/runtime';
import {
  DeadLetterAdmin,
  DeadLetterStore,
  type DeadLetter,
  type DeadLetterFilter,
} from '@sluice/sink-kit/dead-letters';
import { UsageError } from './usage-error.ts';
import type { OptionValues } from './option-values.ts';

/** The sink that `--sink` names. Throws UsageError when the configuration has no such section. */
export function sinkOf(config: SluiceConfig, values: OptionValues): string {
  const sink = values.needed('sink');
  if (config.sinks[sink] !== undefined) return sink;
  const known = Object.keys(config.sinks);
  throw new UsageError(`there is no sink ${sink} in the configuration; it has ${known.join(', ') || 'none'}`);
}

/** Whose dead letters `--sink` names: a sink's, or those of capture. Throws UsageError. */
export function letterOwnerOf(config: SluiceConfig, values: OptionValues): string {
  return values.needed('sink') === CAPTURE ? CAPTURE : sinkOf(config, values);
}

const TABLES_NAMED = 5;

/** How the rows of capture's dead letters come to the sinks: there is no record of them that could be replayed. */
export function howToBring(letters: readonly DeadLetter[]): string {
  const tables = [...new Set(letters.map(({ table }) => table))];
  const named = tables.slice(0, TABLES_NAMED).map((table) => `--table ${tableArgument(table)}`);
  const rest = tables.length > TABLES_NAMED ? ', and so for the other tables' : '';
  const snapshot = `snapshot start ${named.join(' ')}${rest}`;
  return (
    'these rows were too large for Kafka and are in no topic: raise topics.maxMessageBytes, start capture again, then ' +
    `run sluice ${snapshot}; when it is done, run sluice dlq discard --sink ${CAPTURE} --yes`
  );
}

export function whoIsIt(values: OptionValues): string {
  return values.text('by') ?? `${userInfo().username}@${hostname()}`;
}

export function filterOf(values: OptionValues): DeadLetterFilter {
  const id = values.text('id');
  return {
    ids: id === undefined ? undefined : [id],
    table: values.text('table'),
    key: values.text('key'),
    error: values.text('error'),
    sinceMs: values.instant('since'),
    untilMs: values.instant('until'),
  };
}

export interface DeadLetterAccess {
  readonly config: SluiceConfig;
  readonly sink: string;
  /** Whether decisions are written; a look must not make topics. */
  readonly decides: boolean;
  readonly holdsResolved?: boolean;
  /** Ends the waiting for Kafka. */
  readonly signal?: AbortSignal;
}

/** Runs `work` with a sink's dead letters, straight from Kafka: the sink itself may be stopped. */
export async function withDeadLetters<T>(
  access: DeadLetterAccess,
  work: (admin: DeadLetterAdmin) => Promise<T>,
): Promise<T> {
  const { config, sink, decides, holdsResolved = false, signal = new AbortController().signal } = access;
  const kafka = kafkaClient(config.kafka, createLogger('sluice', { level: 'silent' }));
  const producer = new PlainProducer(kafka);
  const { topics } = config;
  const store = new DeadLetterStore({
    config: config.kafka,
    kafka,
    producer,
    topics,
    sink,
    signal,
    holdsResolved,
    onUnsealed: () => undefined, // the sink counts and logs them
  });
  try {
    if (decides) await Promise.all([producer.connect(), store.open()]);
    return await work(new DeadLetterAdmin(store));
  } finally {
    store.close();
    if (decides) await producer.close();
  }
}
