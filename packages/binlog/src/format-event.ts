import { BinlogError } from './errors.ts';
import { CHECKSUM_BYTES, CRC32_ALGORITHM, HEADER_BYTES } from './event-types.ts';

const BINLOG_VERSION = 4;
const VERSION_BYTES = 50;
const NO_ALGORITHM = 0;

export interface FormatDescription {
  readonly serverVersion: string;
  readonly createdAt: number;
  readonly checksum: boolean;
}

/**
 * Reads a FORMAT_DESCRIPTION event (MySQL internals): binlog version, server version, time, header length, then one byte
 * per event type, the checksum algorithm and room for a checksum, which is there whatever the algorithm.
 *
 * @throws BinlogError EVENT_MALFORMED, EVENT_UNSUPPORTED for a binlog of another version, another checksum
 */
export function readFormat(event: Buffer): FormatDescription {
  const body = HEADER_BYTES;
  const algorithmAt = event.length - CHECKSUM_BYTES - 1;
  if (algorithmAt < body + VERSION_BYTES + 7) {
    throw new BinlogError('EVENT_MALFORMED', 'a format description event is too short');
  }
  const version = event.readUInt16LE(body);
  const headerLength = event[body + VERSION_BYTES + 6]!;
  if (version !== BINLOG_VERSION || headerLength !== HEADER_BYTES) {
    throw new BinlogError('EVENT_UNSUPPORTED', `binlog version ${version} is not known`, {
      version,
      headerLength,
    });
  }
  const algorithm = event[algorithmAt]!;
  if (algorithm !== CRC32_ALGORITHM && algorithm !== NO_ALGORITHM) {
    throw new BinlogError('EVENT_UNSUPPORTED', `checksum algorithm ${algorithm} is not known`, { algorithm });
  }
  const name = event.toString('latin1', body + 2, body + 2 + VERSION_BYTES);
  const stop = name.indexOf('\0');
  return {
    serverVersion: stop < 0 ? name : name.slice(0, stop),
    createdAt: event.readUInt32LE(0),
    checksum: algorithm === CRC32_ALGORITHM,
  };
}
