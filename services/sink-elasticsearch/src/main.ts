import { runSink } from '@sluice/sink-kit';
import { elasticsearchSink } from './elasticsearch-sink.ts';

await runSink(elasticsearchSink);
