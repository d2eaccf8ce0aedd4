import { hostname, userInfo } from 'node:os';
import { kafkaClient, PlainProducer } from '@sluice/kafka';
import { createLogger, type SluiceConfig } from '@sluice/runtime';
import { LetterDesk, LetterStore, type LetterFilter } from '@sluice/sink-kit/dead-letters';
import { UsageError } from '../arguments.ts';
import type { OptionValues } from './command-line.ts';

/** The sink that `--sink` names. Throws UsageError when the configuration has no such section. */
export function sinkOf(config: SluiceConfig, values: OptionValues): string {
  const sink = values.needed('sink');
  if (config.sinks[sink] !== undefined) return sink;
  const known = Object.keys(config.sinks);
  throw new UsageError(`there is no sink ${sink} in the configuration; it has ${known.join(', ') || 'none'}`);
}

export function whoIsIt(values: OptionValues): string {
  return values.text('by') ?? `${userInfo().username}@${hostname()}`;
}

export function filterOf(values: OptionValues): LetterFilter {
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

export interface LetterAccess {
  readonly config: SluiceConfig;
  readonly sink: string;
  /** Whether decisions are written; a look must not make topics. */
  readonly decides: boolean;
  readonly holdsResolved?: boolean;
  /** Ends the waiting for Kafka. */
  readonly signal?: AbortSignal;
}

/** Runs `work` with a sink's dead letters, straight from Kafka: the sink itself may be stopped. */
export async function withLetters<T>(
  access: LetterAccess,
  work: (desk: LetterDesk) => Promise<T>,
): Promise<T> {
  const { config, sink, decides, holdsResolved = false, signal = new AbortController().signal } = access;
  const kafka = kafkaClient(config.kafka, createLogger('sluice', { level: 'silent' }));
  const producer = new PlainProducer(kafka);
  const { topics } = config;
  const store = new LetterStore({
    config: config.kafka,
    kafka,
    producer,
    topics,
    sink,
    signal,
    holdsResolved,
  });
  try {
    if (decides) await Promise.all([producer.connect(), store.open()]);
    return await work(new LetterDesk(store));
  } finally {
    store.close();
    if (decides) await producer.close();
  }
}
