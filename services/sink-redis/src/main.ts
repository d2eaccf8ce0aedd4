import { runSink } from '@sluice/sink-kit';
import { redisSink } from './redis-sink.ts';

await runSink(redisSink);
