/** Starts a stack, writes its process ids to standard output as JSON, then waits to be killed. */
import { startStack } from '../../src/index.ts';

const stack = await startStack({ servers: ['redis', 'mysql'] });
process.stdout.write(`${JSON.stringify([stack.pid('redis'), stack.pid('mysql')])}\n`);
setInterval(() => undefined, 1_000_000);
