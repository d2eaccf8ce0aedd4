import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadConfig, opsOf } from '@sluice/runtime';
import type { SluiceConfig } from '@sluice/runtime';
import { SERVICE_NAMES, startServices } from './pipeline-services.ts';
import type { ServiceName, ServicePlan } from './pipeline-services.ts';
import { watchPipeline } from './watch-pipeline.ts';
import type { RunHost } from './watch-pipeline.ts';

/**
 * Capture and the sinks that the file has a section for, against the servers it names, until the host's signal.
 * Throws CONFIG_INVALID, or ServiceFailed with the exit code of the service that gave up.
 */
export async function runConfig(file: string, host: RunHost): Promise<void> {
  const configFile = resolve(file);
  const config = loadConfig(configFile, host.env);
  const plans = planServices(config);
  const logFolder = await mkdtemp(join(tmpdir(), 'sluice-'));
  host.say(`logs are in ${logFolder}`);
  const events: string[] = [];
  const onEvent = (line: string): void => {
    events.push(line);
    if (host.output.isTTY !== true) host.say(line);
  };
  const pipeline = startServices(plans, { configFile, logFolder, onEvent });
  try {
    await watchPipeline(
      pipeline,
      {
        title: `Sluice: ${config.pipeline}`,
        places: placesOf(config, configFile, logFolder),
        workload: () => null,
        events,
      },
      host,
    );
  } finally {
    host.say('stopping capture and the sinks');
    await pipeline.stop();
  }
}

function placesOf(config: SluiceConfig, configFile: string, logFolder: string): [string, string][] {
  return [
    ['source', `${config.source.host}:${config.source.port}`],
    ['Kafka', config.kafka.brokers.join(',')],
    ['configuration', configFile],
    ['logs', `${logFolder}/*.log`],
  ];
}

function planServices(config: SluiceConfig): ServicePlan[] {
  const sinks = SERVICE_NAMES.filter((name) => config.sinks[sinkOf(name)] !== undefined);
  return [
    { name: 'capture', ports: config.capture.ops, env: {} },
    ...sinks.map((name): ServicePlan => ({ name, ports: opsOf(config, ['sinks', sinkOf(name)]), env: {} })),
  ];
}

const sinkOf = (name: ServiceName): string => name.replace(/^sink-/, '');
