import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadConfig, opsOf, PipelineError } from '@sluice/runtime';
import { missingSink, sinkMain } from '@sluice/sink-kit/installed';
import type { SluiceConfig } from '@sluice/runtime';
import { CAPTURE_MAIN, startServices } from './pipeline-services.ts';
import type { ServicePlan } from './pipeline-services.ts';
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
  const sinks = Object.keys(config.sinks).map((name): ServicePlan => {
    const main = sinkMain(name, config);
    if (main === null) throw new PipelineError('CONFIG_INVALID', missingSink(name, config));
    return {
      name: `sink-${name}`,
      ports: opsOf(config, ['sinks', name]),
      main,
      args: ['--sink', name],
      env: {},
    };
  });
  return [{ name: 'capture', ports: config.capture.ops, main: CAPTURE_MAIN, env: {} }, ...sinks];
}
