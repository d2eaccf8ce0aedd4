import kafkajs, { type Kafka } from 'kafkajs';
import type { KafkaConfig, Logger } from '@sluice/runtime';
import { answeringFirst, watchedSockets } from './answering-brokers.ts';
import { BatchTooLarge, BOUNDED_IN_POOL, standIns } from './bounded-codecs.ts';
import { kafkajsSecurity } from './connection-security.ts';
import { compressRecords } from './record-batch-wire.ts';
import { calmRequestQueues } from './request-queue.ts';

const { CompressionCodecs, CompressionTypes, logLevel } = kafkajs;

/** Fifteen tries with these waits take about 50 s; consumers start over after that, the rest reports an error. */
const RETRY = { initialRetryTime: 100, maxRetryTime: 5_000, retries: 15 };

/**
 * How long the client keeps trying: a service outlasts an outage of 50 s, a person at a command wants to be told within seconds that there
 * is one.
 */
const PATIENCE = {
  service: { connectionTimeout: 5_000, requestTimeout: 30_000, retry: RETRY },
  person: {
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 },
  },
};

/** Fields of the client's log entries that name things; anything else could hold a payload and is dropped. */
const LOGGED_FIELDS = [
  'broker',
  'topic',
  'partition',
  'groupId',
  'memberId',
  'retryCount',
  'retryTime',
  'error',
];

interface CompressibleBytes {
  readonly buffer: Buffer;
}

/** The kafkajs client for everything but the publishing of rows: consumers, groups, topics, dead letters. */
export function kafkaClient(
  config: KafkaConfig,
  log: Logger,
  patience: keyof typeof PATIENCE = 'service',
): Kafka {
  registerCodecs();
  calmRequestQueues();
  return new kafkajs.Kafka({
    brokers: () => answeringFirst(config.brokers),
    socketFactory: watchedSockets,
    clientId: config.clientId,
    ...PATIENCE[patience],
    enforceRequestTimeout: true,
    logLevel: logLevel.INFO,
    logCreator: () => bridge(log),
    ...kafkajsSecurity(config),
  });
}

/**
 * kafkajs has only gzip built in, and unpacks it without a bound; its table of codecs is global to the process, so setting it again is
 * harmless. We write no Snappy; others might.
 */
function registerCodecs(): void {
  const codecOf = (name: keyof typeof BOUNDED_IN_POOL) => () => ({
    compress: async ({ buffer }: CompressibleBytes) =>
      name === 'snappy' ? buffer : compressRecords(buffer, name),
    decompress: (bytes: Buffer) => unpacked(BOUNDED_IN_POOL[name](bytes)),
  });
  CompressionCodecs[CompressionTypes.GZIP] = codecOf('gzip');
  CompressionCodecs[CompressionTypes.Snappy] = codecOf('snappy');
  CompressionCodecs[CompressionTypes.LZ4] = codecOf('lz4');
  CompressionCodecs[CompressionTypes.ZSTD] = codecOf('zstd');
}

/** What stands in the place of a batch that is too large: records without a key, which become dead letters. */
async function unpacked(unpacking: Promise<Buffer>): Promise<Buffer> {
  return unpacking.catch((error: unknown) => {
    if (error instanceof BatchTooLarge) return standIns();
    throw error;
  });
}

/**
 * What the client says of a cluster that is well. An answer with an error code, as a topic that has just been made gives it, is
 * tried again, or thrown to who asked. The number of tries is bounded on purpose: what was not written then is written again, and
 * a letter that came twice is one by its id.
 */
const EVERYDAY: readonly { readonly namespace: string; readonly message: RegExp }[] = [
  { namespace: 'Connection', message: /^Response / },
  { namespace: 'Producer', message: /^Limiting retries / },
];

interface ClientLogEntry {
  readonly namespace: string;
  readonly level: number;
  readonly log: Readonly<Record<string, unknown>>;
}

/**
 * kafkajs logs every failed try as an error and every rebalance as info, so each level is taken one step down, and what a healthy
 * start has to the last: what it comes to is said by the code that called it.
 */
export function bridge(log: Logger): (entry: ClientLogEntry) => void {
  return ({ namespace, level, log: entry }) => {
    const fields: Record<string, unknown> = { event: 'kafka.client' };
    for (const name of LOGGED_FIELDS) if (entry[name] !== undefined) fields[name] = entry[name];
    const message = String(entry['message']);
    if (EVERYDAY.some((kind) => kind.namespace === namespace && kind.message.test(message)))
      log.debug(fields, message);
    else if (level === logLevel.ERROR) log.warn(fields, message);
    else if (level === logLevel.WARN) log.info(fields, message);
    else log.debug(fields, message);
  };
}
