import { PipelineError } from '@sluice/runtime';
import { describe, expect, test } from 'vitest';
import { EVENT_OVERHEAD_BYTES, EventQueue } from '../../src/source/event-queue.ts';

function queueOf(limitBytes: number): { queue: EventQueue; flow: string[] } {
  const flow: string[] = [];
  const queue = new EventQueue(limitBytes, {
    pause: () => flow.push('pause'),
    resume: () => flow.push('resume'),
  });
  return { queue, flow };
}

describe('EventQueue', () => {
  test('waits for the first event without taking it, and throws what ended the link', async () => {
    const { queue } = queueOf(1000);
    const first = queue.filled();
    queue.push(Buffer.from('ab'));
    await first;
    await queue.filled();
    expect((await queue.take(0)).map(String)).toEqual(['ab']);
    const next = queue.filled();
    queue.wake();
    queue.fail(new PipelineError('SOURCE_DIVERGED', 'refused'));
    await expect(next).rejects.toThrow(expect.objectContaining({ code: 'SOURCE_DIVERGED' }));
  });

  test('hands over everything in order and counts the bytes', async () => {
    const { queue } = queueOf(1000);
    queue.push(Buffer.from('ab'));
    queue.push(Buffer.from('c'));
    expect(queue.bytes).toBe(3 + 2 * EVENT_OVERHEAD_BYTES);
    expect((await queue.take(0)).map(String)).toEqual(['ab', 'c']);
    expect(queue.bytes).toBe(0);
  });

  test('pauses the socket once above the bound and resumes it when emptied', async () => {
    const { queue, flow } = queueOf(4 + EVENT_OVERHEAD_BYTES);
    queue.push(Buffer.alloc(4));
    expect(flow).toEqual([]);
    queue.push(Buffer.alloc(1));
    queue.push(Buffer.alloc(1));
    expect(flow).toEqual(['pause']);
    await queue.take(0);
    expect(flow).toEqual(['pause', 'resume']);
  });

  test('a waiting take ends with the first event, with wake, or with the time', async () => {
    const { queue } = queueOf(4);
    const first = queue.take(10_000);
    queue.push(Buffer.from('x'));
    expect((await first).map(String)).toEqual(['x']);
    const woken = queue.take(10_000);
    queue.wake();
    expect(await woken).toEqual([]);
    expect(await queue.take(1)).toEqual([]);
  });

  test('a failure wins over what is queued, and stays', async () => {
    const { queue } = queueOf(4);
    queue.push(Buffer.from('x'));
    queue.fail(new PipelineError('SOURCE_SILENT', 'first'));
    queue.fail(new PipelineError('SOURCE_CLOSED_STREAM', 'second'));
    await expect(queue.take(0)).rejects.toMatchObject({ code: 'SOURCE_SILENT' });
    await expect(queue.take(0)).rejects.toMatchObject({ code: 'SOURCE_SILENT' });
  });
});

test('a wake that nobody waits for is not lost', async () => {
  const { queue } = queueOf(4);
  queue.wake();
  expect(await queue.take(60_000)).toEqual([]);
  queue.push(Buffer.from('x'));
  queue.wake();
  expect(await queue.take(60_000)).toHaveLength(1);
});
