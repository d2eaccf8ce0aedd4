import { publishRaw } from './raw-publish.ts';
import { readRawEvents } from './raw-events.ts';
import type { RawTask } from './raw-task.ts';

/** Does one task in a process of its own, as fresh as capture's, and prints the result as JSON. */
const task = JSON.parse(process.argv[2] ?? '') as RawTask;
const result = task.kind === 'events' ? await readRawEvents(task) : await publishRaw(task);
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
