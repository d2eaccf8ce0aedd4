import { startStack } from '@sluice/local-stack';
import { connect, driverOptions } from '@sluice/mysql';
import { createLogger } from '@sluice/runtime';
import { afterAll, describe, expect, test } from 'vitest';
import { BinlogReader, type ReaderOptions } from '../../src/source/binlog-reader.ts';
import { describeServer, readBinlogStatus } from '../../src/source/server.ts';

const stack = await startStack({ servers: ['mysql', 'mariadb'] });
afterAll(() => stack.stop());

/** A rotate event says where the reading begins. */
const ROTATE = 4;
describe.each(['mysql', 'mariadb'] as const)('%s', (flavour) => {
  const serverId = 80_000 + (process.pid % 10_000) + (flavour === 'mysql' ? 0 : 10_000);

  async function optionsOf(): Promise<ReaderOptions> {
    const options = { ...stack[flavour], connectTimeoutMs: 10_000 };
    const connection = await connect(options);
    try {
      const server = await describeServer(connection);
      const { file, position } = await readBinlogStatus(connection, server);
      const log = createLogger('test', { level: 'silent' });
      const from = { file, position, gtidSet: null };
      const limits = { heartbeatMs: 1000, queueBytes: 1_000_000 };
      return { connection: driverOptions(options), serverId, server, from, ...limits, log };
    } finally {
      connection.destroy();
    }
  }

  test('a reader is open when its first event is there', async () => {
    const reader = await BinlogReader.open(await optionsOf());
    try {
      expect(reader.queuedEvents).toBeGreaterThan(0);
      const [first] = await reader.take(0);
      expect(first?.[4]).toBe(ROTATE);
    } finally {
      reader.close();
    }
  });

  test('nothing is read from another server than the one that was asked before', async () => {
    const options = await optionsOf();
    const elsewhere = { ...options, server: { flavour, identity: 'another' } };
    await expect(BinlogReader.open(elsewhere)).rejects.toThrow(
      expect.objectContaining({
        code: 'SOURCE_MOVED',
        message: `Another server answers at ${stack[flavour].host}:${stack[flavour].port} than before.`,
      }),
    );
  });

  test('a dump that is refused is no open reader', async () => {
    const options = await optionsOf();
    const from = { ...options.from, file: `${options.from.file}9` };
    await expect(BinlogReader.open({ ...options, from })).rejects.toThrow(
      expect.objectContaining({ code: 'SOURCE_BINLOG_PURGED' }),
    );
  });
});
