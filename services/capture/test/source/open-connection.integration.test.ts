import { connect, type Connection, type MysqlOptions } from '@sluice/mysql';
import { startSilentServer, type SilentServer } from '@sluice/mysql/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { createTableFilter } from '../../src/model/table-filter.ts';
import { watchRetention } from '../../src/session/retention-watch.ts';
import { watchUnaccounted, type UnaccountedParts } from '../../src/session/unaccounted-tables.ts';
import { onConnection, openConnection } from '../../src/source/open-connection.ts';
import { queryRows } from '../../src/source/query.ts';
import type { Source } from '../../src/source/source.ts';
import { TableWorkQueue } from '../../src/stream/table-work.ts';
import { withSide } from '../../src/switchover/side.ts';
import { Deeds } from '../../src/switchover/deeds.ts';
import type { DeedParts } from '../../src/switchover/servers.ts';
import { MYSQL_FACTS } from '../support/server-facts.ts';

/** Answers logins, and so many statements behind them. */
const [mute, once, described] = [
  await startSilentServer(0),
  await startSilentServer(1),
  await startSilentServer(3),
];
afterAll(() => {
  for (const server of [mute, once, described]) server.close();
});

const CONNECT_MS = 200;
const LONG_MS = 600_000;
const LOGIN = { user: 'sluice', password: 'secret', tls: 'off' } as const;

const optionsOf = ({ host, port }: SilentServer, connectTimeoutMs = CONNECT_MS): MysqlOptions => ({
  ...LOGIN,
  host,
  port,
  connectTimeoutMs,
});

/** A source that hangs while it is connected to, and one that hangs while it is asked. */
const HANGING: readonly (readonly [string, () => Promise<Connection>])[] = [
  ['connected to', () => connect(optionsOf(mute, LONG_MS))],
  ['asked', () => connect(optionsOf(once, LONG_MS))],
];

const sourceOf = (open: () => Promise<Connection>): Pick<Source, 'connect' | 'facts'> => ({
  connect: open,
  facts: MYSQL_FACTS,
});

test('a server that does not say who it is cannot be read, within a bounded time', async () => {
  await expect(openConnection(optionsOf(once))).rejects.toMatchObject({
    code: 'MYSQL_UNREACHABLE',
    message: `127.0.0.1:${once.port} took the login, and has not answered within 0.4 s`,
  });
});

test('a question to the source ends after the limit of each statement', async () => {
  const source = sourceOf(() => connect(optionsOf(once)));
  const asked = onConnection(source, { answerMs: 100 }, (connection) => queryRows(connection, 'SELECT 1'));
  await expect(asked).rejects.toMatchObject({
    code: 'MYSQL_UNREACHABLE',
    message: 'The source took the login, and has not answered within 0.1 s',
  });
});

describe.each(HANGING)('a session ends at its signal while a source is %s that hangs', (_what, open) => {
  test('by a question', async () => {
    const stop = new AbortController();
    const asked = onConnection(sourceOf(open), { signal: stop.signal }, (connection) =>
      queryRows(connection, 'SELECT 1'),
    );
    stop.abort();
    await expect(asked).rejects.toBe(stop.signal.reason);
  });

  test('for what it still keeps', async () => {
    const stop = new AbortController();
    const parts = {
      source: sourceOf(open),
      readUpTo: () => ({ file: 'binlog.000001', position: 4, committedAtMs: 0 }),
      onAnswer: () => expect.fail('the source hangs'),
    };
    const watch = watchRetention(parts, stop.signal);
    setTimeout(() => stop.abort(), 50);
    await expect(watch).resolves.toBeUndefined();
  });

  test('for its tables', async () => {
    const stop = new AbortController();
    const parts: UnaccountedParts = {
      source: sourceOf(open),
      filter: createTableFilter(['shop.*'], []),
      work: new TableWorkQueue(),
      atBoundary: () => expect.fail('the source hangs'),
      isAccounted: () => true,
      absent: [{ database: 'shop', table: 'gone' }],
      isTold: () => false,
    };
    const watch = watchUnaccounted(parts, stop.signal);
    setTimeout(() => stop.abort(), 50);
    await expect(watch).resolves.toBeUndefined();
  });
});

describe('a switchover', () => {
  const config = { source: { ...LOGIN, connectTimeoutMs: CONNECT_MS } } as unknown as DeedParts['config'];

  test('does not wait for a server that hangs while it is asked', async () => {
    const look = withSide(config, described, null, ({ executed }) => executed(), 100);
    await expect(look).rejects.toMatchObject({
      code: 'MYSQL_UNREACHABLE',
      message: `127.0.0.1:${described.port} took the login, and has not answered within 0.1 s`,
    });
  });

  test('opens the old source again although the new one hangs', async () => {
    const old = await startSilentServer(1);
    const parts = {
      config,
      old,
      to: once,
      login: null,
      waitMs: 100,
      ask: () => undefined,
    } as unknown as DeedParts;
    const unlocked = new Deeds(parts).run('unlock', new AbortController().signal);
    // It is asked, and hangs as well.
    await expect(unlocked).rejects.toMatchObject({
      code: 'MYSQL_UNREACHABLE',
      message: `127.0.0.1:${old.port} took the login, and has not answered within 0.4 s`,
    });
    expect(old.logins()).toBe(1);
    old.close();
  });
});
