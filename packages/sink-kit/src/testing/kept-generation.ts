import { expect, test } from 'vitest';
import type { Bench } from './bench.ts';

const never = new AbortController().signal;

export function describeGeneration(start: () => Promise<Bench>): void {
  test('the newest generation is kept for every process, where the store keeps one', async () => {
    const bench = await start();
    const { sink } = bench.subject;
    if (sink.generations === undefined) return;
    expect(await sink.generations.read()).toBeNull();
    await sink.generations.keep({ number: 1, id: null });
    await sink.generations.keep({ number: 2, id: '01234567-89ab-cdef-0123-456789abcdef' });
    const other = bench.subject.another();
    await other.open(never);
    try {
      expect(await other.generations?.read()).toEqual({
        number: 2,
        id: '01234567-89ab-cdef-0123-456789abcdef',
      });
      await sink.generations.keep({ number: 3, id: null });
      expect(await other.generations?.read()).toEqual({ number: 3, id: null });
    } finally {
      await other.close();
    }
  });
}
