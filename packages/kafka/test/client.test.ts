import { createLogger } from '@sluice/runtime';
import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { bridge } from '../src/client.ts';

const { ERROR, WARN, INFO } = kafkajs.logLevel;

test.each([
  ['Connection', ERROR, 'Response Metadata(key: 3, version: 6)', 'debug'],
  ['Connection', ERROR, 'Connection error: connect ECONNREFUSED', 'warn'],
  ['Producer', WARN, 'Limiting retries for the idempotent producer may invalidate EoS guarantees', 'debug'],
  ['Consumer', ERROR, 'Response Heartbeat', 'warn'],
  ['Runner', WARN, 'The group is rebalancing, re-joining', 'info'],
  ['ConsumerGroup', INFO, 'Consumer has joined the group', 'debug'],
])('%s at %i: %s is logged as %4$s', (namespace, level, message, expected) => {
  const lines: string[] = [];
  const log = createLogger('test', { level: 'debug' }, { write: (line) => void lines.push(line) });
  bridge(log)({ namespace, level, log: { message, error: 'not the leader', value: 'secret' } });
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { level: expected, msg: message, error: 'not the leader' },
  ]);
  expect(lines.join('')).not.toContain('secret');
});
