import { PipelineError } from '@sluice/runtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createTableFilter } from '../../src/model/table-filter.ts';
import { watchRetention, type RetentionWatchParts } from '../../src/session/retention-watch.ts';
import { SourceWatch, type SourceWatchParts } from '../../src/session/source-watch.ts';
import { watchUnaccounted, type UnaccountedParts } from '../../src/session/unaccounted-tables.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Source = Pick<SourceWatchParts['source'], 'connect'>;
const WATCHES = {
  'what the source logs': (source: Source, signal: AbortSignal) =>
    new SourceWatch({
      source,
      filter: createTableFilter(['shop.*'], []),
      found: { replica: null, cascades: { areLogged: true, keys: [], unseen: [] } },
      ddlsPassed: () => 0,
      onCascades: () => undefined,
    } as unknown as SourceWatchParts).run(signal),
  'what the source purges': (source: Source, signal: AbortSignal) =>
    watchRetention({ source, readUpTo: () => ({}) } as unknown as RetentionWatchParts, signal),
  'which tables the source has': (source: Source, signal: AbortSignal) =>
    watchUnaccounted({ source, absent: [] } as unknown as UnaccountedParts, signal),
};

test.each(Object.entries(WATCHES))(
  'the watch over %s outlives an outage, and ends the session when another server answers',
  async (_what, watch) => {
    const codes = ['MYSQL_UNREACHABLE', 'SOURCE_MOVED'] as const;
    const asked: string[] = [];
    const connect = (): Promise<never> => {
      const code = codes[asked.length] ?? 'SOURCE_MOVED';
      asked.push(code);
      return Promise.reject(new PipelineError(code, 'as it is'));
    };
    const stop = new AbortController();
    let ended: unknown = 'not yet';
    const watching = watch({ connect }, stop.signal).then(
      () => (ended = 'at the signal'),
      (error: unknown) => (ended = error),
    );
    while (asked.length === 0) await vi.advanceTimersByTimeAsync(1000);
    expect(ended).toBe('not yet');
    await vi.advanceTimersByTimeAsync(130_000);
    stop.abort();
    await vi.advanceTimersByTimeAsync(1000);
    await watching;
    expect(ended).toMatchObject({ code: 'SOURCE_MOVED' });
    expect(asked).toEqual(codes);
  },
);
