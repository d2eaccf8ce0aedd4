import { createLogger, PipelineError } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { DeadLetterLog } from '../src/dead-letter-log.ts';

test('a line per dead letter, without its values; of many ten a minute, and how many more', () => {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  let now = 0;
  const log = new DeadLetterLog(createLogger('test', { level: 'info' }, { write }), 'redis', () => now);
  const error = new PipelineError('MYSQL_VALUE_REFUSED', 'MySQL gave ER_DATA_TOO_LONG (1406)');
  const letter = { topic: 'shop.orders', partition: 2, table: 'shop.orders', stage: 'apply', error } as const;
  for (let offset = 0n; offset < 25n; offset++) log.written({ ...letter, offset });
  expect(lines).toHaveLength(10);
  expect(lines[3]).toMatchObject({
    level: 'warn',
    event: 'dlq.written',
    sink: 'redis',
    table: 'shop.orders',
    topic: 'shop.orders',
    partition: 2,
    offset: '3',
    id: 'shop.orders-2-3',
    code: 'MYSQL_VALUE_REFUSED',
    stage: 'apply',
  });
  now = 59_999;
  log.watch();
  expect(lines).toHaveLength(10);
  now = 60_000;
  log.watch();
  expect(lines[10]).toMatchObject({ event: 'dlq.written', suppressed: 15 });
  log.written({ ...letter, table: null, offset: 99n });
  expect(lines[11]).toMatchObject({ offset: '99' });
  expect(lines[11]).not.toHaveProperty('table');
});
