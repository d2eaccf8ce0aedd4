import { expect, test } from 'vitest';
import { planProduce } from '../src/produce-plan.ts';
import type { ProduceEntry } from '../src/protocol/produce-request.ts';

const A = { host: 'a', port: 1 };
const B = { host: 'b', port: 2 };

interface NamedEntry extends ProduceEntry {
  readonly name: string;
}

function entry(name: string, partition: number, byteLength = 10): NamedEntry {
  return {
    name,
    topic: 't',
    partition,
    wire: { header: Buffer.alloc(0), body: Buffer.alloc(0), byteLength },
  };
}

function plan(entries: readonly NamedEntry[], maxRequestBytes = 1000) {
  const leaders = [A, B, A, undefined];
  const { brokers, homeless } = planProduce(
    entries,
    (_topic, partition) => leaders[partition],
    maxRequestBytes,
  );
  return {
    homeless: homeless.map(({ name }) => name),
    requests: Object.fromEntries(
      brokers.map(({ broker, requests }) => [
        broker.host,
        requests.map((some) => some.map(({ name }) => name)),
      ]),
    ),
  };
}

test('one batch per partition and request, in order; partitions of one broker together', () => {
  expect(plan([entry('0a', 0), entry('1a', 1), entry('0b', 0), entry('2a', 2), entry('0c', 0)])).toEqual({
    homeless: [],
    requests: { a: [['0a', '2a'], ['0b'], ['0c']], b: [['1a']] },
  });
});

test('requests stay below their limit, and a partition never overtakes itself', () => {
  expect(plan([entry('0a', 0, 900), entry('2a', 2, 200), entry('0b', 0, 50), entry('2b', 2, 50)])).toEqual({
    homeless: [],
    requests: { a: [['0a'], ['2a', '0b'], ['2b']] },
  });
});

test('a batch larger than the limit goes alone', () => {
  expect(plan([entry('0a', 0, 5000), entry('2a', 2, 5)]).requests).toEqual({ a: [['0a'], ['2a']] });
});

test('entries without a leader are named', () => {
  expect(plan([entry('3a', 3), entry('1a', 1)])).toEqual({ homeless: ['3a'], requests: { b: [['1a']] } });
});
