import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { DecoderOptions } from '../../src/index.ts';

/** Servers whose events are kept, by the name of the file. */
export const RECORDINGS = ['mysql-9.7', 'mariadb-10.11', 'mariadb-11.8-compressed'] as const;
export type RecordingName = (typeof RECORDINGS)[number];

/** Events of a real server as it sent them, checksums included: the format event, then transactions one after the other. */
export interface Recording {
  readonly flavour: DecoderOptions['flavour'];
  readonly format: Buffer;
  readonly transactions: readonly (readonly Buffer[])[];
}

/** What a binlog file begins with; the kept files are binlog files, packed with zstd. */
const MAGIC = Buffer.from([0xfe, 0x62, 0x69, 0x6e]);
const LENGTH_AT = 9;
const TYPE_AT = 4;
/** GTID, ANONYMOUS_GTID, GTID_TAGGED, and MariaDB's: each opens a transaction. */
const OPENING = new Set([33, 34, 42, 162]);

export function readRecording(name: RecordingName): Recording {
  const bytes = zstdDecompressSync(readFileSync(fileOf(name)));
  const [format, ...events] = splitEvents(bytes);
  return {
    flavour: name.startsWith('mysql') ? 'mysql' : 'mariadb',
    format: format!,
    transactions: splitTransactions(events),
  };
}

export function writeRecording(name: RecordingName, { format, transactions }: Recording): void {
  writeFileSync(fileOf(name), zstdCompressSync(Buffer.concat([MAGIC, format, ...transactions.flat()])));
}

/** What stands before the first transaction is left out. */
export function splitTransactions(events: readonly Buffer[]): Buffer[][] {
  const transactions: Buffer[][] = [];
  for (const event of events) {
    if (OPENING.has(event[TYPE_AT]!)) transactions.push([]);
    transactions.at(-1)?.push(event);
  }
  return transactions;
}

function splitEvents(bytes: Buffer): Buffer[] {
  const events: Buffer[] = [];
  for (let at = MAGIC.length; at < bytes.length;) {
    const length = bytes.readUInt32LE(at + LENGTH_AT);
    events.push(bytes.subarray(at, at + length));
    at += length;
  }
  return events;
}

function fileOf(name: RecordingName): string {
  return join(import.meta.dirname, 'recorded', `${name}.binlog.zst`);
}
