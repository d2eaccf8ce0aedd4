import { createLogger, PipelineError } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { healthOf, newState } from '../src/status.ts';
import { TablesWatch } from '../src/tables-watch.ts';

test('what the store has no more is told once, and that it is back; a store that does not answer is none of it', async () => {
  const lines: string[] = [];
  const log = createLogger('test', { level: 'info' }, { write: (line) => void lines.push(line) });
  const state = newState();
  let answer: PipelineError | null = null;
  const look = (): Promise<void> => (answer === null ? Promise.resolve() : Promise.reject(answer));
  const watch = new TablesWatch({ look }, state, log);
  const health = async (next: PipelineError | null): Promise<unknown> => {
    answer = next;
    await watch.look();
    return healthOf(state, [], []).components['tables'];
  };
  const gone = new PipelineError('MYSQL_TABLE_UNKNOWN', 'the target has no table `a`');
  const degraded = { status: 'degraded', detail: 'MYSQL_TABLE_UNKNOWN: the target has no table `a`' };
  expect(await health(null)).toEqual({ status: 'ok' });
  expect(await health(new PipelineError('MYSQL_UNREACHABLE', 'no answer'))).toEqual({ status: 'ok' });
  expect([await health(gone), await health(gone)]).toEqual([degraded, degraded]);
  expect(state.troubles.lastError).toMatchObject({ code: 'MYSQL_TABLE_UNKNOWN', resolvedAt: null });
  expect(await health(new PipelineError('MYSQL_UNREACHABLE', 'no answer'))).toEqual(degraded);
  expect(await health(null)).toEqual({ status: 'ok' });
  expect(state.troubles.lastError?.resolvedAt).not.toBeNull();
  expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
    'store.tables_missing',
    'store.tables_back',
  ]);
});
