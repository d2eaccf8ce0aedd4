import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { randomInt } from 'node:crypto';
import { BinlogDecoder, BinlogError, type ColumnFacts, type TableMap } from '@sluice/binlog';
import { driverOptions } from '@sluice/mysql';
import { PipelineError, type Logger } from '@sluice/runtime';
import { binlogFileNumber, type StreamPosition } from '../model/position.ts';
import { BinlogReader } from '../source/binlog-reader.ts';
import { queryRows } from '../source/query.ts';
import { readBinlogFiles, readBinlogStatus } from '../source/server.ts';
import { GtidSet } from './gtid-set.ts';
import { refused, type Master } from './masters.ts';
import type { OrphanReader } from './orphan-reader.ts';

/** https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_replication_binlog_stream.html: "\xfebin" */
const MAGIC = Buffer.from([0xfe, 0x62, 0x69, 0x6e]);
/** The same of MySQL's encrypted files. */
const ENCRYPTED = 0xfd;
const HEADER_BYTES = 19;
/** The event's type and the server that wrote it; of the first event of a file, whose file it is. */
const TYPE_AT = 4;
const SERVER_ID_AT = 5;
/** https://mariadb.com/docs/server/reference/clientserver-protocol/replication-protocol/gtid_list_event */
const GTID_LIST = 163;
const GTID_BYTES = 16;
/** Of an event, in its header. */
const LENGTH_AT = 9;
/** No event is larger: `max_allowed_packet` ends there. */
const EVENT_MAX = 1024 * 1024 * 1024 + HEADER_BYTES;
const HEARTBEAT_MS = 500;
const QUEUE_BYTES = 16 * 1024 * 1024;
/** Of MySQL's replica ids the upper half, where nobody numbers servers by hand. */
const REPLICA_IDS = [2 ** 31, 2 ** 32 - 1] as const;

type Facts = (map: TableMap) => ColumnFacts;

/** Where reading begins so that no orphan is missed. */
export interface BinlogStart {
  readonly file: string;
  /** MariaDB: the newest transaction of each domain before this file. */
  readonly gtids: string;
}

/**
 * The newest file of the old master before which there is no orphan. Throws ORPHANS_INCOMPLETE when the server has purged
 * files with orphans.
 */
export async function binlogStart(
  { connection, facts, address }: Master,
  known: GtidSet,
): Promise<BinlogStart> {
  const files = [...(await readBinlogFiles(connection)).keys()];
  for (const file of files.toReversed()) {
    const earlier = await earlierGtids(connection, file);
    if (!GtidSet.parse(facts.flavour, earlier).minus(known).isEmpty) continue;
    return { file, gtids: facts.flavour === 'mysql' ? earlier : await positionBefore(connection, file) };
  }
  throw new PipelineError(
    'ORPHANS_INCOMPLETE',
    `${address} has purged binlog files with orphaned transactions: its oldest file is ${files[0] ?? 'none'}.`,
  );
}

/** All before a file. MariaDB: the newest of each domain and server, where BINLOG_GTID_POS has one of each domain only. */
async function earlierGtids(connection: Master['connection'], file: string): Promise<string> {
  const rows = await queryRows(connection, 'SHOW BINLOG EVENTS IN ? LIMIT 3', [file]);
  const found = rows.find((row) => /^(?:Previous_gtids|Gtid_list)$/u.test(String(row['Event_type'])));
  return String(found?.['Info'] ?? '').replace(/[\s[\]]/gu, '');
}

async function positionBefore(connection: Master['connection'], file: string): Promise<string> {
  const [row] = await queryRows(connection, 'SELECT BINLOG_GTID_POS(?, 4) AS gtids', [file]);
  return String(row?.['gtids'] ?? '');
}

/** Reads the old master's binlog from a file on to its present end. Throws a PipelineError. */
export async function readServer(
  { options, facts, connection }: Master,
  { file }: BinlogStart,
  reader: OrphanReader,
  columnFacts: Facts,
  log: Logger,
): Promise<void> {
  const end = await readBinlogStatus(connection, facts);
  const stream = await BinlogReader.open({
    connection: driverOptions(options),
    serverId: randomInt(...REPLICA_IDS),
    server: facts,
    from: { file, position: MAGIC.length, gtidSet: null },
    heartbeatMs: HEARTBEAT_MS,
    queueBytes: QUEUE_BYTES,
    log,
  });
  try {
    const decoder = new BinlogDecoder(reader, {
      checksum: stream.checksum,
      flavour: facts.flavour,
      file,
      position: MAGIC.length,
      contiguous: facts.flavour === 'mysql',
      columnFacts,
    });
    while (!reader.hasPassed(end))
      for (const event of await stream.take(HEARTBEAT_MS)) {
        accept(decoder, event);
        if (reader.hasPassed(end)) break;
      }
  } finally {
    stream.close();
  }
}

/** What became of files on disk. */
export interface FilesRead {
  /** The last file ends within a transaction, which was never committed. */
  readonly tornAt: StreamPosition | null;
  /** `server_id` of the server that wrote the last file; null when there is nothing in it. */
  readonly serverId: number | null;
}

/** Reads binlog files of a server that is dead, in their order. Throws a PipelineError. */
export async function readFiles(
  paths: readonly string[],
  flavour: 'mysql' | 'mariadb',
  reader: OrphanReader,
  columnFacts: Facts,
): Promise<FilesRead> {
  const files = inOrder(paths);
  let tornAt: StreamPosition | null = null;
  let serverId: number | null = null;
  for (const [index, { path, name }] of files.entries()) {
    reader.enterFile(name);
    const options = { checksum: false, flavour, file: name, position: MAGIC.length, contiguous: true };
    const decoder = new BinlogDecoder(reader, { ...options, columnFacts });
    let position = MAGIC.length;
    let isWhole = true;
    for await (const event of eventsOf(path)) {
      if (event === null) isWhole = false;
      else {
        if (position === MAGIC.length) serverId = event.readUInt32LE(SERVER_ID_AT);
        if (event[TYPE_AT] === GTID_LIST) reader.onPreviousGtids(gtidList(event));
        accept(decoder, event);
        position += event.length;
      }
    }
    if (isWhole && !reader.hasOpenEnd) continue;
    tornAt = { file: name, position };
    if (index < files.length - 1)
      throw incomplete(`${name} ends at ${position} within a transaction, and another file follows it`);
  }
  return { tornAt, serverId };
}

/** The newest of each domain and server before the file. */
function gtidList(event: Buffer): string {
  // The upper bits are flags.
  const count = event.readUInt32LE(HEADER_BYTES) & 0x0f_ff_ff_ff;
  return Array.from({ length: count }, (_, index) => {
    const at = HEADER_BYTES + 4 + index * GTID_BYTES;
    return `${event.readUInt32LE(at)}-${event.readUInt32LE(at + 4)}-${event.readBigUInt64LE(at + 8)}`;
  }).join(',');
}

function inOrder(paths: readonly string[]): readonly { readonly path: string; readonly name: string }[] {
  const files = paths
    .map((path) => ({ path, name: basename(path), number: binlogFileNumber(basename(path)) }))
    .toSorted((a, b) => a.number - b.number);
  for (const [index, { number, name }] of files.entries()) {
    const before = files[index - 1];
    if (before !== undefined && before.number + 1 !== number)
      throw incomplete(`between ${before.name} and ${name} files are missing, or one is given twice`);
  }
  return files;
}

/** The events of a file, one after the other; null when the last one is cut off. */
async function* eventsOf(path: string): AsyncGenerator<Buffer | null> {
  const file = await open(path).catch((error: unknown) => {
    throw new PipelineError('ORPHANS_INCOMPLETE', `The binlog file ${path} cannot be read.`, {
      cause: error,
    });
  });
  try {
    const take = async (bytes: number): Promise<Buffer> => {
      const buffer = Buffer.alloc(bytes);
      const { bytesRead } = await file.read(buffer, 0, bytes, null);
      return buffer.subarray(0, bytesRead);
    };
    const magic = await take(MAGIC.length);
    if (magic[0] === ENCRYPTED) throw refused(`${path} is encrypted: read it from its server, by --from`);
    if (!magic.equals(MAGIC)) throw refused(`${path} is no binlog file`);
    for (;;) {
      const header = await take(HEADER_BYTES);
      if (header.length === 0) return;
      const length = header.length < HEADER_BYTES ? 0 : header.readUInt32LE(LENGTH_AT);
      const body = length < HEADER_BYTES || length > EVENT_MAX ? null : await take(length - HEADER_BYTES);
      if (body === null || body.length < length - HEADER_BYTES) {
        yield null;
        return;
      }
      yield Buffer.concat([header, body]);
    }
  } finally {
    await file.close();
  }
}

function accept(decoder: BinlogDecoder, event: Buffer): void {
  try {
    decoder.accept(event);
  } catch (error) {
    throw error instanceof BinlogError ? reasonOf(error) : error;
  }
}

function reasonOf(error: BinlogError): PipelineError {
  const { code, message } = error;
  if (code === 'ROW_IMAGE_PARTIAL')
    return new PipelineError('ORPHANS_REFUSED', `Orphaned rows cannot be taken: ${message}.`, {
      cause: error,
    });
  return new PipelineError('BINLOG_UNREADABLE', `${code}: ${message}`, { cause: error });
}

function incomplete(why: string): PipelineError {
  return new PipelineError('ORPHANS_INCOMPLETE', `${why}.`);
}
