import {
  controlKey,
  type ControlEnvelope,
  type DdlPolicy,
  type Metadata,
  type Source,
} from '@sluice/envelope';
import { VERSION } from '@sluice/runtime';
import type { ControlMessage, SourceInfo, ControlRecord } from '../record-format.ts';

/** A heartbeat is of no table. */
const NO_TABLE = { database: '', table: '', version: 0, place: { keyMembers: '' } } as const;

export function controlRecord(message: ControlMessage): ControlRecord {
  const { database, table, version, place } = message.type === 'heartbeat' ? NO_TABLE : message.table;
  const { type, point } = message;
  const source = sourceOf(point, database, table, type === 'snapshot');
  const envelope = envelopeOf(message, source);
  const headers = {
    operation: operationOf(message),
    sequence: point.sequence,
    schema: `${type}/1/${version}`,
  };
  return { key: controlKey(type, place.keyMembers), value: envelope, headers };
}

/** The members stand in the order in which they are written. */
function envelopeOf(message: ControlMessage, source: Source): ControlEnvelope {
  const { sequence } = message.point;
  const metadata = metadataOf(message.point);
  switch (message.type) {
    case 'truncate':
      return {
        schema: { version: 1, type: 'truncate', table: message.table.version },
        payload: {
          source,
          operation: 'TRUNCATE',
          ...shown(message.policy),
          sequence,
          key: { $sluice: 'truncate' },
          metadata,
        },
      };
    case 'schema': {
      const { columns, keyColumns, partitions, version } = message.table;
      const { change, policy, previousChange, allRows } = message;
      return {
        schema: { version: 1, type: 'schema', table: version },
        payload: {
          source,
          sequence,
          key: { $sluice: 'schema' },
          columns,
          keyColumns,
          change,
          ...shown(policy),
          partitions,
          ...(previousChange === '' ? {} : { previousChange }),
          ...(allRows ? { allRows } : {}),
          metadata,
        },
      };
    }
    case 'snapshot': {
      const { partitions, version } = message.table;
      return {
        schema: { version: 1, type: 'snapshot', table: version },
        payload: { source, sequence, key: { $sluice: 'snapshot' }, ...message.mark, partitions, metadata },
      };
    }
    case 'heartbeat':
      return {
        schema: { version: 1, type: 'heartbeat', table: 0 },
        payload: { source, sequence, key: { $sluice: 'heartbeat' }, metadata },
      };
  }
}

/** Header `operation`. */
function operationOf(message: ControlMessage): string {
  if (message.type !== 'snapshot') return message.type.toUpperCase();
  return message.mark.phase === 'begin' ? 'SNAPSHOT_BEGIN' : 'SNAPSHOT_END';
}

function sourceOf(point: SourceInfo, database: string, table: string, snapshot: boolean): Source {
  const { server, serverId, timestamp, file, offset, gtid } = point;
  const position = { file, offset, row: 0 };
  return { server, serverId, database, table, timestamp, position, gtid, snapshot };
}

function metadataOf({ gtid, capturedAt }: SourceInfo): Metadata {
  return {
    connector: 'sluice',
    version: VERSION,
    transaction_id: gtid,
    event_index: 0,
    captured_at: capturedAt,
  };
}

function shown(policy: DdlPolicy): { policy?: DdlPolicy } {
  return policy === 'apply' ? {} : { policy };
}
