import { PipelineError } from '@sluice/runtime';
import { expect, test, vi } from 'vitest';
import type { Source } from '../../src/source/source.ts';
import { queryRows } from '../../src/source/query.ts';
import { askSource } from '../../src/tables/ask-source.ts';

/** A source whose server gives this error to every SELECT. */
function sourceWith(errno: number): { readonly source: Pick<Source, 'connect'>; readonly seen: string[] } {
  const seen: string[] = [];
  const connection = {
    query: (sql: string) => {
      seen.push(sql);
      if (sql.startsWith('SELECT')) return Promise.reject(Object.assign(new Error('refused'), { errno }));
      return Promise.resolve([[]]);
    },
    destroy: () => void seen.push('destroyed'),
  };
  return {
    source: { connect: () => Promise.resolve(connection) } as unknown as Pick<Source, 'connect'>,
    seen,
  };
}

test('who has locked a table keeps the stream waiting for a while only, and is told of', async () => {
  const { source, seen } = sourceWith(1205);
  const asked = askSource(source, 'table shop.orders', (connection) => queryRows(connection, 'SELECT 1'));
  const error: unknown = await asked.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PipelineError);
  expect(error).toMatchObject({
    code: 'MYSQL_BUSY',
    errorClass: 'retryable',
    message: expect.stringContaining('about table shop.orders for') as unknown,
  });
  expect(seen).toEqual(['SET SESSION lock_wait_timeout = 20', 'SELECT 1', 'destroyed']);
});

test('any other error is as it was', async () => {
  const { source } = sourceWith(1213);
  const asked = askSource(source, 'table shop.orders', (connection) => queryRows(connection, 'SELECT 1'));
  await expect(asked).rejects.toMatchObject({ code: 'MYSQL_BUSY', message: 'MySQL gave error (1213)' });
});

test('a source that leaves the question unanswered keeps the stream waiting for two minutes at most', async () => {
  vi.useFakeTimers();
  try {
    const destroy = vi.fn();
    const connection = { query: () => new Promise(() => undefined), destroy };
    const source = { connect: () => Promise.resolve(connection) } as unknown as Pick<Source, 'connect'>;
    const asked = askSource(source, 'table shop.orders', (asking) => queryRows(asking, 'SELECT 1'));
    const ended = asked.catch((thrown: unknown) => thrown);
    await vi.advanceTimersByTimeAsync(119_999);
    expect(destroy).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(await ended).toMatchObject({
      code: 'MYSQL_UNREACHABLE',
      errorClass: 'retryable',
      message: 'The source took the login, and has not answered within 120 s',
    });
    expect(destroy).toHaveBeenCalledOnce();
  } finally {
    vi.useRealTimers();
  }
});
