import { runSink } from '@sluice/sink-kit';
import { mysqlSink } from './mysql-sink.ts';

await runSink(mysqlSink);
