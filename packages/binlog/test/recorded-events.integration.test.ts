import { startStack, type MysqlServer, type Stack } from '@sluice/local-stack';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BinlogDecoder } from '../src/index.ts';
import { FuzzHandler, recordedFacts, type FuzzRow } from './fuzz/fuzz-handler.ts';
import { eventsInside, isPayload } from './fuzz/payload.ts';
import { readRecording, splitTransactions, writeRecording, type Recording } from './fuzz/recording.ts';
import { recordedStatements } from './fuzz/recorded-statements.ts';
import { dumpBinlog } from './support/dump.ts';
import { Session } from './support/session.ts';

const FORMAT_DESCRIPTION = 15;
const TYPE_AT = 4;
const DATABASE = 'sluice_recorded';
/** SLUICE_RECORD=1 keeps what the servers send now: do so after changing what is recorded. */
const RECORD = process.env['SLUICE_RECORD'] === '1';

let stack: Stack;
let own: Stack;
beforeAll(async () => {
  stack = await startStack({ servers: ['mysql', 'mariadb'] });
  const { SLUICE_SOURCE_MARIADB_URL: _address, ...env } = process.env;
  const flags = { mariadb: ['--log-bin-compress=ON', '--log-bin-compress-min-len=10'] };
  own = await startStack({ servers: ['mariadb'], mariadbVersion: '11.8', flags, env });
});
afterAll(async () => {
  await own.stop();
  await stack.stop();
});

test.each([
  ['mysql-9.7', () => stack.mysql, '9.7'],
  ['mariadb-10.11', () => stack.mariadb, '10.11'],
  ['mariadb-11.8-compressed', () => own.mariadb, '11.8'],
] as const)('what is kept of %s for fuzzing is what the server sends', async (name, serverOf, version) => {
  const recorded = await record(serverOf(), version);
  if (RECORD) writeRecording(name, recorded);
  const kept = readRecording(name);
  expect(typesOf(kept)).toEqual(typesOf(recorded));
  expect(rowsOf(kept)).toEqual(rowsOf(recorded));
});

async function record(server: MysqlServer, version: string): Promise<Recording> {
  const session = await Session.open(server, DATABASE);
  try {
    const from = await session.position();
    for (const statement of recordedStatements({ flavour: server.flavour, version })) {
      await session.run(statement);
    }
    const dump = await dumpBinlog(server, from);
    expect(dump.checksum).toBe(true);
    const format = dump.events.find((event) => event[TYPE_AT] === FORMAT_DESCRIPTION)!;
    const transactions = splitTransactions(dump.events);
    return { flavour: server.flavour, format, transactions: transactions.filter(isOwn) };
  } finally {
    await session.close();
  }
}

/** Others write to the same server. */
function isOwn(events: readonly Buffer[]): boolean {
  return Buffer.concat(
    events.flatMap((event) => (isPayload(event) ? eventsInside(event) : [event])),
  ).includes(DATABASE);
}

/** Types of events, each once. */
function typesOf({ transactions }: Recording): number[] {
  return [...new Set(transactions.flat().map((event) => event[TYPE_AT]!))].toSorted((a, b) => a - b);
}

function rowsOf({ flavour, format, transactions }: Recording): FuzzRow[] {
  const rows: FuzzRow[] = [];
  const handler = new FuzzHandler((row) => rows.push(row));
  const from = { checksum: true, file: 'binlog.000001', position: 4 };
  const decoder = new BinlogDecoder(handler, { ...from, flavour, columnFacts: recordedFacts });
  for (const event of [format, ...transactions.flat()]) decoder.accept(event);
  return rows;
}
