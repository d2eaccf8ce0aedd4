import { PipelineError } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { ConsumerPulse } from '../src/consumer-pulse.ts';

function clocked(): { pulse: ConsumerPulse; at: (seconds: number) => void } {
  let now = 0;
  return {
    pulse: new ConsumerPulse(10_000, () => now),
    at: (seconds) => {
      now = seconds * 1000;
    },
  };
}

test('a broker that does not answer a fetch for 5 s is trouble, however often it is asked; an answer ends it', () => {
  const { pulse, at } = clocked();
  pulse.joined();
  pulse.asking(1);
  pulse.asking(2);
  at(1);
  pulse.answered(1);
  at(4);
  pulse.asking(2);
  pulse.heartbeat();
  expect(pulse.trouble).toBeNull();
  at(5);
  expect(pulse.trouble?.error.message).toBe('read records: broker 2 has not answered for 5 s');
  pulse.answered(2);
  expect(pulse.trouble).toBeNull();
});

test('a broker that left the cluster with an open request is forgotten', () => {
  const { pulse, at } = clocked();
  pulse.joined();
  pulse.asking(3);
  at(46);
  pulse.heartbeat();
  expect(pulse.trouble).toBeNull();
});

test('a member without heartbeats is in trouble, and so is one that cannot join', () => {
  const { pulse, at } = clocked();
  expect(pulse.trouble).toBeNull();
  at(8);
  expect(pulse.trouble?.error.message).toMatch(/^join the consumer group.* for 8 s$/);
  pulse.joined();
  expect(pulse.trouble).toBeNull();
  at(16);
  expect(pulse.trouble?.error.message).toMatch(/^keep the membership/);
});

test('what ended a consumer is told until it has joined again', () => {
  const { pulse, at } = clocked();
  const error = new PipelineError('KAFKA_UNREACHABLE', 'connection refused');
  pulse.joined();
  at(1);
  pulse.left(null);
  expect(pulse.trouble).toBeNull();
  pulse.left(error);
  at(3);
  expect(pulse.trouble).toEqual({ error, forMs: 2000 });
  pulse.joined();
  expect(pulse.trouble).toBeNull();
});

test('it is a member from a join on, for as long as its session lasts behind a heartbeat', () => {
  const { pulse, at } = clocked();
  expect(pulse.isMember).toBe(false);
  pulse.joined();
  at(9.9);
  expect(pulse.isMember).toBe(true);
  pulse.heartbeat();
  at(19.8);
  expect(pulse.isMember).toBe(true);
  at(19.9);
  expect(pulse.isMember).toBe(false);
  pulse.joined();
  expect(pulse.isMember).toBe(true);
  pulse.left(null);
  expect(pulse.isMember).toBe(false);
});
