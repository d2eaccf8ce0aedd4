import { join, resolve } from 'node:path';
import { SupervisedProcess } from '@sluice/processes';
import { logTail } from './log-tail.ts';

export type ServiceName = 'capture' | `sink-${string}`;

/** Where a service shows its health (`port`) and its metrics, on the loopback interface or `host`. */
export interface ServicePorts {
  readonly host: string;
  readonly port: number;
  readonly metricsPort: number;
}

export interface ServicePlan {
  readonly name: ServiceName;
  readonly ports: ServicePorts;
  /** The module that runs it. */
  readonly main: string;
  readonly args?: readonly string[];
  /** Environment beside SLUICE_CONFIG. */
  readonly env: Readonly<Record<string, string>>;
}

export interface PipelineService {
  readonly name: ServiceName;
  readonly process: SupervisedProcess;
  readonly opsUrl: string;
  readonly metricsUrl: string;
  readonly logFile: string;
}

/** A service has ended and will not be started again, although nobody asked it to stop. */
export class ServiceFailed extends Error {
  readonly exitCode: number;

  constructor(name: string, exitCode: number, words: string, logFile: string) {
    super(`${name} stopped with exit code ${exitCode}: ${words}\n  log: ${logFile}`);
    this.name = 'ServiceFailed';
    this.exitCode = exitCode;
  }
}

export interface RunningPipeline {
  readonly services: readonly PipelineService[];
  /** Rejects with ServiceFailed when a service has ended for good; never resolves. */
  readonly failure: Promise<never>;
  /** Capture first, then the sinks, each with the time to drain. */
  stop(): Promise<void>;
}

export const REPOSITORY = resolve(import.meta.dirname, '../../..');

export const CAPTURE_MAIN = join(REPOSITORY, 'services/capture/src/main.ts');

export interface PipelineOptions {
  readonly configFile: string;
  /** Where each service's log file is put. */
  readonly logFolder: string;
  readonly onEvent: (line: string) => void;
}

/** Starts the services as processes of their own, each started again when it dies. */
export function startServices(plans: readonly ServicePlan[], options: PipelineOptions): RunningPipeline {
  const services = plans.map((plan) => startService(plan, options));
  let stopping = false;
  const failure = new Promise<never>((_, reject) => {
    for (const { name, process, logFile } of services) {
      void process.ended.then((exitCode) => {
        if (!stopping) reject(new ServiceFailed(name, exitCode, logTail(logFile), logFile));
      });
    }
  });
  // Whoever waits for something races it against this; alone it is nobody's unhandled rejection.
  failure.catch(() => undefined);
  return {
    services,
    failure,
    stop: async () => {
      stopping = true;
      const isCapture = ({ name }: PipelineService): boolean => name === 'capture';
      await stopAll(services.filter(isCapture));
      await stopAll(services.filter((service) => !isCapture(service)));
    },
  };
}

function startService(plan: ServicePlan, options: PipelineOptions): PipelineService {
  const { name, ports, main, args = [], env } = plan;
  const logFile = join(options.logFolder, `${name}.log`);
  const process = new SupervisedProcess(
    {
      name,
      main,
      args,
      // Whoever watches is told by the end of the process, in its own words.
      env: { SLUICE__ON_FATAL: 'exit', ...env, SLUICE_CONFIG: options.configFile },
      logFile,
    },
    options.onEvent,
  );
  const host = ports.host === '0.0.0.0' || ports.host === '::' ? '127.0.0.1' : ports.host;
  return {
    name,
    process,
    opsUrl: `http://${host}:${ports.port}`,
    metricsUrl: `http://${host}:${ports.metricsPort}`,
    logFile,
  };
}

async function stopAll(services: readonly PipelineService[]): Promise<void> {
  await Promise.all(services.map(({ process }) => process.stop()));
}
