import { join } from 'node:path';
import { startWorkload } from '@sluice/sample-shop';
import { LOGS, prepareDemo } from './demo-pipeline.ts';
import type { DemoOptions, DemoPipeline } from './demo-pipeline.ts';
import { watchPipeline } from './watch-pipeline.ts';
import type { RunHost } from './watch-pipeline.ts';

const TRANSACTIONS_PER_SECOND = 100;

/** The demo: servers, shop, pipeline, a workload without end, and the live view until the host's signal. */
export async function runDemo(options: Omit<DemoOptions, 'onEvent'>, host: RunHost): Promise<void> {
  host.say(`seed ${options.seed}`);
  const events: string[] = [];
  const onEvent = (line: string): void => {
    events.push(line);
    if (host.output.isTTY !== true) host.say(line);
  };
  const demo = await prepareDemo({ ...options, onEvent }, host);
  try {
    await runPipeline(demo, options, events, host);
  } finally {
    const interrupted = host.signal.aborted;
    if (!interrupted) host.say(`configuration and logs are kept in ${demo.folder}`);
    await demo.stop(!interrupted);
    if (interrupted) host.say(`stopped; nothing is left but the logs of this run: ${LOGS}/`);
  }
}

async function runPipeline(
  demo: DemoPipeline,
  options: Omit<DemoOptions, 'onEvent'>,
  events: readonly string[],
  host: RunHost,
): Promise<void> {
  const pipeline = demo.start();
  const workload = startWorkload({
    source: demo.source,
    seed: options.seed,
    transactionsPerSecond: TRANSACTIONS_PER_SECOND,
  });
  try {
    const stores = demo.sinks.map((sink) => sink.demo.place(demo.stack)[0]);
    const title = `Sluice demo: ${options.source} → Kafka → ${stores.join(', ')}`;
    const watched = watchPipeline(
      pipeline,
      { title, places: placesOf(demo), workload: () => workload.progress(), events },
      host,
    );
    await Promise.race([watched, workload.done.then(() => watched)]);
  } finally {
    host.say('stopping the workload, capture, the sinks, the servers');
    await workload.stop().catch(() => undefined);
    await pipeline.stop();
  }
}

function placesOf({ stack, source, sinks, folder }: DemoPipeline): [string, string][] {
  const sql = ({ host, port, user, password }: DemoPipeline['source']): string =>
    `mysql -h${host} -P${port} -u${user} -p${password}`;
  return [
    ['source', `${sql(source)} shop`],
    ['Kafka', stack.kafka.brokers.join(',')],
    ...sinks.map(({ demo }): [string, string] => [...demo.place(stack)]),
    ['configuration', join(folder, 'sluice.yaml')],
    ['logs', `${folder}/*.log, afterwards ${LOGS}/`],
  ];
}
