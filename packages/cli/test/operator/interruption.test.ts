import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { interruption } from '../../src/operator/interruption.ts';

test.each(['SIGINT', 'SIGTERM'])(
  'the first %s ends a command with what it has, and no further one is taken',
  (name) => {
    const process = new EventEmitter();
    const { signal } = interruption(process as unknown as NodeJS.Process);
    expect(signal.aborted).toBe(false);
    process.emit(name);
    expect([signal.aborted, process.listenerCount('SIGINT'), process.listenerCount('SIGTERM')]).toEqual([
      true,
      0,
      0,
    ]);
  },
);

test('a command that has ended takes no signals', () => {
  const process = new EventEmitter();
  const { signal, forget } = interruption(process as unknown as NodeJS.Process);
  forget();
  process.emit('SIGINT');
  expect(signal.aborted).toBe(false);
});
