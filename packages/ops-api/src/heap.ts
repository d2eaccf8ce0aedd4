import type { Readable } from 'node:stream';
import { getHeapSnapshot } from 'node:v8';
import { memoryLimitBytes, type OpsRoute } from '@sluice/runtime';
import { z } from 'zod';
import { by } from './members.ts';
import { operation } from './operation.ts';
import { Refusal, routeOf } from './serve.ts';

/** The process stands still while V8 makes it. 503: there is no room for it, or another one is on its way. */
export const takeHeapSnapshot = operation({
  method: 'POST',
  role: 'admin',
  path: '/api/v1/heap-snapshot',
  summary: 'The heap of the process as V8 writes it, for its memory viewer: it holds rows and secrets.',
  request: z.strictObject({ by }),
  answer: z.object({ snapshot: z.unknown() }),
});

/** "About twice the size of the heap" (Node.js, `v8.getHeapSnapshot`). */
const ROOM_FACTOR = 2;

/** @param limitBytes memory that the process may use; @param take begins a snapshot */
export function heapRoute(limitBytes = memoryLimitBytes(), take: () => Readable = getHeapSnapshot): OpsRoute {
  let underWay: Readable | null = null;
  return routeOf(takeHeapSnapshot, () => {
    if (underWay !== null) return new Refusal(503, 'another heap snapshot is on its way');
    const { rss, heapUsed } = process.memoryUsage();
    const needed = rss + ROOM_FACTOR * heapUsed;
    if (needed > limitBytes)
      return new Refusal(
        503,
        `a heap snapshot would take this process to ${mebibytes(needed)} of memory, and it may use ${mebibytes(limitBytes)}: raise the limit, or take it earlier`,
      );
    underWay = take();
    underWay.once('close', () => (underWay = null));
    return underWay;
  });
}

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / (1 << 20))} MiB`;
