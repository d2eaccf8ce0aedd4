import { randomUUID } from 'node:crypto';
import { startStack } from '@sluice/local-stack';
import { parseConfig } from '@sluice/runtime';
import { afterAll, expect, test } from 'vitest';
import { liftIn, pauseIn } from '../../src/operator/sink-pause.ts';
import { liveSink } from '../../src/rebuild/live-sink.ts';

const stack = await startStack({ servers: ['kafka'] });
afterAll(() => stack.stop());

test('a rebuild takes back its own pause, and leaves the one that a person has ordered since', async () => {
  const config = parseConfig(
    `pipeline: t${randomUUID()}\nsource: { host: h, user: u, tables: ['*.*'] }\nkafka: { brokers: [${stack.kafka.brokers.join(', ')}] }\nsinks: { search: {} }`,
    {},
  );
  const said: string[] = [];
  const screen = {
    format: 'table' as const,
    output: process.stdout,
    say: (line: string) => void said.push(line),
    clear: () => undefined,
  };
  const live = liveSink({ config, sink: 'search', by: 'ann', screen });
  // Run again by another person, the command knows the pause of before.
  const later = liveSink({ config, sink: 'search', by: 'ben', screen });
  await live.pause();
  expect(await live.isPaused()).toBe(true);
  await later.resume();
  expect([await live.isPaused(), said]).toEqual([false, []]);

  await live.pause();
  const order = { config, sink: 'search', table: '*', by: 'eve', reason: 'the target is copied', screen };
  await pauseIn(order, 'sink pause');
  await live.resume();
  expect([await live.isPaused(), said]).toEqual([
    true,
    ['sink search stays paused, as eve has ordered: sluice sink resume --sink search'],
  ]);
  expect(await liftIn(order, 'sink resume')).toBe(true);
  await live.resume();
  expect(await live.isPaused()).toBe(false);
});
