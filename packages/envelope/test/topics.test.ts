import { expect, test } from 'vitest';
import { TopicRouting } from '../src/topic-routing.ts';
import {
  auditTopic,
  checkpointsTopic,
  ddlTopic,
  deadLetterTopic,
  decisionsTopic,
  heartbeatTopic,
  instancesTopic,
  schemaHistoryTopic,
} from '../src/topics.ts';

const internal = [
  checkpointsTopic('p'),
  schemaHistoryTopic('p'),
  ddlTopic('p'),
  heartbeatTopic('p'),
  deadLetterTopic('p', 'redis'),
  decisionsTopic('p', 'redis'),
  auditTopic('p'),
  instancesTopic('p'),
];

test('internal topics have names of their own', () => {
  expect(internal).toEqual([
    'p.sluice.checkpoints',
    'p.sluice.schema-history',
    'p.sluice.ddl',
    'p.sluice.heartbeat',
    'p.dlq.redis',
    'p.sluice.decisions.redis',
    'p.sluice.audit',
    'p.sluice.instances',
  ]);
});

test.each(['{database}.{table}', '{database}', '{table}', '{table}.{database}', 'dl{table}.{database}'])(
  'they are never data topics of %s, also beside databases and tables of the same name',
  (template) => {
    const routing = new TopicRouting({ prefix: 'p', template });
    expect(internal.filter((topic) => routing.isDataTopic(topic))).toEqual([]);
    for (const [database, table] of [
      ['sluice', 'checkpoints'],
      ['dlq', 'redis'],
      ['checkpoints', 'sluice'],
      ['redis', 'q'],
    ] as const) {
      const topic = routing.topicOf(database, table);
      expect(internal).not.toContain(topic);
      expect(routing.isDataTopic(topic)).toBe(true);
    }
  },
);
