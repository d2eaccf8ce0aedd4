import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePorts } from '@sluice/local-stack';
import { loadConfig } from '@sluice/runtime';
import type { SluiceConfig } from '@sluice/runtime';
import { SERVICE_NAMES, startServices } from './pipeline-services.ts';
import type { ServiceName, ServicePlan, ServicePorts } from './pipeline-services.ts';
import { watchPipeline } from './watch-pipeline.ts';
import type { RunHost } from './watch-pipeline.ts';

/**
 * Capture and the sinks that the file has a section for, against the servers it names, until the host's signal.
 * Throws CONFIG_INVALID, or ServiceFailed with the exit code of the service that gave up.
 */
export async function runConfig(file: string, host: RunHost): Promise<void> {
  const configFile = resolve(file);
  const config = loadConfig(configFile, host.env);
  const plans = await planServices(config);
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
      { title: `Sluice: ${config.pipeline}`, places: placesOf(config), workload: () => null, events },
      host,
    );
  } finally {
    host.say('stopping capture and the sinks');
    await pipeline.stop();
  }
}

function placesOf(config: SluiceConfig): [string, string][] {
  return [
    ['source', `${config.source.host}:${config.source.port}`],
    ['Kafka', config.kafka.brokers.join(',')],
  ];
}

/** Sinks whose section names no ports get free ones: with the default ports, two on one host could not start. */
async function planServices(config: SluiceConfig): Promise<ServicePlan[]> {
  const capture: ServicePlan = { name: 'capture', ports: config.capture.ops, env: {} };
  const sinks = SERVICE_NAMES.filter((name) => name !== 'capture' && sectionOf(config, name) !== undefined);
  const free = await freePorts(sinks.length * 2);
  const plans = sinks.map((name, index): ServicePlan => {
    const [port = 0, metricsPort = 0] = free.slice(index * 2);
    const given: Partial<ServicePorts> = sectionOf(config, name)?.['ops'] ?? {};
    const ports = { host: '127.0.0.1', port, metricsPort, ...given };
    const prefix = `SLUICE__SINKS__${sinkOf(name).toUpperCase()}__OPS__`;
    return {
      name,
      ports,
      env: { [`${prefix}PORT`]: String(ports.port), [`${prefix}METRICS_PORT`]: String(ports.metricsPort) },
    };
  });
  return [capture, ...plans];
}

const sinkOf = (name: ServiceName): string => name.replace(/^sink-/, '');

function sectionOf(
  config: SluiceConfig,
  name: ServiceName,
): { readonly ops?: Partial<ServicePorts> } | undefined {
  return config.sinks[sinkOf(name)];
}
