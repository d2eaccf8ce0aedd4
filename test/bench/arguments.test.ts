import { expect, test } from 'vitest';
import { parseArguments, settingSections, WORKLOADS } from './arguments.ts';

test('without arguments everything is measured, once', () => {
  expect(parseArguments([])).toMatchObject({
    workloads: WORKLOADS,
    rows: 300_000,
    singles: 100_000,
    source: 'mysql',
    partitions: 1,
    reps: 1,
    latencySeconds: 20,
    profiles: null,
  });
});

test('workloads come in their own order, whatever the order of the arguments', () => {
  const options = parseArguments(['single', 'bulk', '--rows', '5000', '--source', 'mariadb', '--reps', '3']);
  expect(options).toMatchObject({ workloads: ['bulk', 'single'], rows: 5000, source: 'mariadb', reps: 3 });
});

test.each([[['fast']], [['--rows', '0']], [['--rows', 'many']], [['--source', 'oracle']], [['--colour']]])(
  '%j is refused with the usage',
  (argv) => {
    expect(() => parseArguments(argv)).toThrow(/usage: npm run bench/u);
  },
);

test('settings become sections of sluice.yaml', () => {
  expect(
    settingSections(['snapshot.chunkRows=5000', 'topics.compression=lz4', 'topics.tombstones=true']),
  ).toEqual({
    snapshot: { chunkRows: 5000 },
    topics: { compression: 'lz4', tombstones: true },
  });
  expect(() => settingSections(['chunkRows=5000'])).toThrow('--set takes section.name=value');
});
