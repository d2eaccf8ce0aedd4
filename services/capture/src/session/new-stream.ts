import { BinlogDecoder } from '@sluice/binlog';
import type { ColumnCatalog } from '../catalog/column-catalog.ts';
import type { OversizeRows } from '../encode/oversize.ts';
import { GtidTracker } from '../source/gtid-tracker.ts';
import { ChangeStream, type ChangeStreamOptions } from '../stream/change-stream.ts';
import type { SessionParts } from './session-parts.ts';

type StreamParts = Pick<SessionParts, 'settings' | 'source' | 'plan'>;

interface StreamSides extends Pick<ChangeStreamOptions, 'routes' | 'work' | 'ddl' | 'cascades' | 'buffer'> {
  readonly oversize: OversizeRows;
}

/** The stream of a session, where its plan begins. */
export function newStream(
  { settings, source, plan }: StreamParts,
  { oversize, ...sides }: StreamSides,
): ChangeStream {
  const { flavour, serverId } = source.facts;
  return new ChangeStream({
    ...sides,
    server: settings.serverName,
    flavour,
    serverId,
    generation: plan.generation,
    resume: plan.resume,
    gtids: plan.gtidSet === null ? null : new GtidTracker(flavour, plan.gtidSet),
    rows: { tombstones: settings.config.topics.tombstones, oversize },
    readsComments: settings.config.tracing.comments,
  });
}

/** What turns the packets of the binlog into events for the stream. @param checksum whether a CRC32 stands behind each event */
export function newDecoder(
  { source, plan }: StreamParts,
  stream: ChangeStream,
  checksum: boolean,
  columnCatalog: ColumnCatalog,
): BinlogDecoder {
  const { flavour } = source.facts;
  return new BinlogDecoder(stream, {
    checksum,
    flavour,
    ...plan.from,
    contiguous: flavour === 'mysql' && plan.from.gtidSet === null,
    columnFacts: (map) => columnCatalog.factsOf(map),
  });
}
