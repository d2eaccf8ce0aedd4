import { TopicRouting } from '@sluice/envelope';
import { kafkaClient, RecordSeals } from '@sluice/kafka';
import { PipelineError, type Logger, type SluiceConfig } from '@sluice/runtime';
import type { HashKey } from '../model/hash-key.ts';
import { readHashKey } from '../transform/read-hash-key.ts';
import { PublicationCompiler } from '../transform/publication-compiler.ts';
import type { ReaderOptions } from '../source/binlog-reader.ts';
import type { Source } from '../source/source.ts';
import { createTableFilter, type TableFilter } from '../model/table-filter.ts';

/** The configuration, and what derives from it once. */
export interface CaptureSettings {
  readonly config: SluiceConfig;
  readonly prefix: string;
  /** From tables to topics. */
  readonly routing: TopicRouting;
  readonly serverName: string;
  readonly serverId: number;
  readonly filter: TableFilter;
  /** What of a captured table is published. */
  readonly compiler: PublicationCompiler;
  /** Of hashed columns. */
  readonly hashKey: HashKey | null;
  /** Of what is written for others and for the next start; null without `kafka.sealKeyFile`. */
  readonly seals: RecordSeals | null;
  /** For administration; the hot path has its own transport. */
  readonly kafka: ReturnType<typeof kafkaClient>;
  readonly acceptLostCheckpoint: boolean;
  /** Take new row conditions, and rebuild their tables. */
  readonly acceptConditions: boolean;
  /** Hash by a key that has not replaced the one of before, and publish its tables anew. */
  readonly acceptHashKey: boolean;
}

const ONE_KEY =
  'capture.hashKeyForm is `bytes`: all hashed columns have one key, so equal values can be recognised across tables (docs/tables.md, "The key of hashed columns")';

export function captureSettings(config: SluiceConfig, argv: readonly string[], log: Logger): CaptureSettings {
  const hashKey = readHashKey(config.capture);
  if (hashKey?.isPerColumn === false) log.warn({ event: 'capture.one_hash_key' }, ONE_KEY);
  return {
    config,
    prefix: config.topics.prefix,
    routing: new TopicRouting(config.topics),
    serverName: config.source.server,
    serverId: config.source.serverId,
    filter: createTableFilter(config.source.tables, config.source.excludeTables),
    compiler: new PublicationCompiler(config.tables, hashKey, config.tracing.column),
    hashKey,
    seals: RecordSeals.of(config.kafka),
    kafka: kafkaClient(config.kafka, log),
    ...accepted(argv),
  };
}

/** What every reading of this source's binlog has in common. */
export function readerOptions(
  { config, serverId }: CaptureSettings,
  { connectionOptions: connection }: Source,
  log: Logger,
): Omit<ReaderOptions, 'from'> {
  const { heartbeatIntervalMs: heartbeatMs } = config.source;
  const annotations = config.tracing.comments;
  return { connection, serverId, heartbeatMs, queueBytes: config.memory.queueBytes, annotations, log };
}

const ACCEPTABLE: readonly string[] = ['lost-checkpoint', 'row-conditions', 'hash-key'];

/** What the operator accepts by `--accept …`, which may be given several times. */
function accepted(
  argv: readonly string[],
): Pick<CaptureSettings, 'acceptLostCheckpoint' | 'acceptConditions' | 'acceptHashKey'> {
  const words = argv.flatMap((argument, at) => (argument === '--accept' ? [argv[at + 1] ?? ''] : []));
  const unknown = words.find((word) => !ACCEPTABLE.includes(word));
  if (unknown !== undefined)
    throw new PipelineError(
      'CONFIG_INVALID',
      `--accept takes ${ACCEPTABLE.map((word) => `"${word}"`).join(' or ')}, not "${unknown}".`,
    );
  return {
    acceptLostCheckpoint: words.includes('lost-checkpoint'),
    acceptConditions: words.includes('row-conditions'),
    acceptHashKey: words.includes('hash-key'),
  };
}
