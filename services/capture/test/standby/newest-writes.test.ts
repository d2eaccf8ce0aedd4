import { expect, test } from 'vitest';
import { NewestWrites } from '../../src/standby/newest-writes.ts';

interface Sent {
  readonly what: string;
  readonly outcome: PromiseWithResolvers<void>;
}

function writes(): { readonly writes: NewestWrites<number>; readonly sent: Sent[] } {
  const sent: Sent[] = [];
  const send = (name: string, value: number): Promise<void> => {
    const outcome = Promise.withResolvers<void>();
    sent.push({ what: `${name} ${value}`, outcome });
    return outcome.promise;
  };
  return { writes: new NewestWrites(send), sent };
}

const whatOf = (sent: readonly Sent[]): readonly string[] => sent.map(({ what }) => what);

test('while one is being sent, the newest of each name waits', async () => {
  const { writes: queue, sent } = writes();
  const written = [
    queue.write('a', 1),
    queue.write('a', 2),
    queue.write('leader', 3),
    queue.write('a', 4),
    queue.write('leader', 5),
  ];
  expect(whatOf(sent)).toEqual(['a 1']);
  sent[0]?.outcome.resolve();
  await written[0];
  await expect.poll(() => whatOf(sent)).toEqual(['a 1', 'a 4']);
  sent[1]?.outcome.resolve();
  await Promise.all([written[1], written[3]]);
  await expect.poll(() => whatOf(sent)).toEqual(['a 1', 'a 4', 'leader 5']);
  sent[2]?.outcome.resolve();
  await Promise.all(written);
});

test('one that fails fails for those whose place it took, and the next is sent', async () => {
  const { writes: queue, sent } = writes();
  const first = queue.write('a', 1);
  const others = [queue.write('a', 2), queue.write('a', 3)];
  sent[0]?.outcome.reject(new Error('away'));
  await expect(first).rejects.toThrow('away');
  await expect.poll(() => whatOf(sent)).toEqual(['a 1', 'a 3']);
  sent[1]?.outcome.reject(new Error('still away'));
  for (const other of others) await expect(other).rejects.toThrow('still away');
  const last = queue.write('a', 4);
  expect(whatOf(sent)).toEqual(['a 1', 'a 3', 'a 4']);
  sent[2]?.outcome.resolve();
  await expect(last).resolves.toBeUndefined();
});
