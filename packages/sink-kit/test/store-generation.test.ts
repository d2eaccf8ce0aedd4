import type { Generation } from '@sluice/envelope';
import { describe, expect, test } from 'vitest';
import { StoreGeneration } from '../src/store-generation.ts';

/** A store that has come to `kept`. */
function storeAt(kept: Generation | null) {
  const writes: Generation[] = [];
  const store = new StoreGeneration({
    read: async () => writes.at(-1) ?? kept,
    keep: async (generation) => void writes.push(generation),
  });
  const follow = (number: number, id: string | null) =>
    store.follow(async () => ({ generation: { number, id } }));
  return { writes, follow };
}

const at = (number: number, id: string | null): Generation => ({ number, id });

describe('the generation of a store', () => {
  test.each([
    ['of a store that is new', null, at(2, 'b')],
    ['that is newer', at(1, 'a'), at(2, 'b')],
    ['that is newer, of a capture that gives none an identity', at(1, 'a'), at(2, null)],
  ])('%s is kept before a record is applied', async (_name, kept, told) => {
    const { writes, follow } = storeAt(kept);
    expect(await follow(told.number, told.id)).toEqual({ generation: told });
    expect(await follow(told.number, told.id)).toEqual({ generation: told });
    expect(writes).toEqual([told]);
  });

  test.each([
    ['itself', at(2, 'b'), at(2, 'b')],
    ['opened by a version that gave none an identity', at(2, null), at(2, null)],
    ['told by a version that knows of no identity', at(2, 'b'), at(2, null)],
  ])('%s is followed', async (_name, kept, told) => {
    const { writes, follow } = storeAt(kept);
    expect(await follow(told.number, told.id)).toEqual({ generation: told });
    expect(writes).toEqual([]);
  });

  test.each([
    ['a lower one', at(3, 'c'), at(1, 'x'), 'generation 3, and capture publishes generation 1'],
    ['a lower one of its own', at(3, 'c'), at(2, 'b'), 'generation 3, and capture publishes generation 2'],
    [
      'another of its number',
      at(1, 'a'),
      at(1, 'x'),
      'generation 1, and capture publishes another generation 1',
    ],
    [
      'another of its number, before which there was no identity',
      at(1, null),
      at(1, 'x'),
      'another generation 1',
    ],
  ])('%s is refused', async (_name, kept, told, message) => {
    const { writes, follow } = storeAt(kept);
    await expect(follow(told.number, told.id)).rejects.toMatchObject({
      code: 'STORE_AHEAD',
      message: expect.stringContaining(message) as string,
    });
    expect(writes).toEqual([]);
  });

  test('the store is asked before the checkpoint is read: what another process keeps meanwhile is not taken for a fall', async () => {
    let kept = at(1, 'a');
    const store = new StoreGeneration({ read: async () => kept, keep: async () => undefined });
    const told = await store.follow(async () => {
      kept = at(2, 'b');
      return { generation: at(1, 'a') };
    });
    expect(told).toEqual({ generation: at(1, 'a') });
  });

  test('a store that keeps none follows any, and no checkpoint says nothing', async () => {
    const told = { generation: at(1, 'a') };
    expect(await new StoreGeneration(undefined).follow(async () => told)).toBe(told);
    expect(await new StoreGeneration(undefined).follow(async () => null)).toBeNull();
  });
});
