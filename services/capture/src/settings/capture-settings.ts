import { TopicRouting } from '@sluice/envelope';
import { kafkaClient } from '@sluice/kafka';
import { PipelineError, type Logger, type SluiceConfig } from '@sluice/runtime';
import { readHashKey } from '../transform/read-hash-key.ts';
import { Shaper } from '../transform/shaper.ts';
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
  readonly shaper: Shaper;
  /** For administration; the hot path has its own transport. */
  readonly kafka: ReturnType<typeof kafkaClient>;
  readonly acceptLostCheckpoint: boolean;
  /** Take new row conditions, and rebuild their tables. */
  readonly acceptConditions: boolean;
}

export function captureSettings(config: SluiceConfig, argv: readonly string[], log: Logger): CaptureSettings {
  const { hashKeyFile } = config.capture;
  return {
    config,
    prefix: config.topics.prefix,
    routing: new TopicRouting(config.topics),
    serverName: config.source.server,
    serverId: config.source.serverId,
    filter: createTableFilter(config.source.tables, config.source.excludeTables),
    shaper: new Shaper(config.tables, hashKeyFile === undefined ? null : readHashKey(hashKeyFile)),
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
  return { connection, serverId, heartbeatMs, queueBytes: config.memory.queueBytes, log };
}

/** What the operator accepts by `--accept …`, which may be given several times. */
function accepted(
  argv: readonly string[],
): Pick<CaptureSettings, 'acceptLostCheckpoint' | 'acceptConditions'> {
  const words = argv.flatMap((argument, at) => (argument === '--accept' ? [argv[at + 1] ?? ''] : []));
  const unknown = words.find((word) => word !== 'lost-checkpoint' && word !== 'row-conditions');
  if (unknown !== undefined)
    throw new PipelineError(
      'CONFIG_INVALID',
      `--accept takes "lost-checkpoint" or "row-conditions", not "${unknown}".`,
    );
  return {
    acceptLostCheckpoint: words.includes('lost-checkpoint'),
    acceptConditions: words.includes('row-conditions'),
  };
}
