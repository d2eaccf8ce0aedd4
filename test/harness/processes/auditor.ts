import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePorts } from '@sluice/local-stack';
import type { Scope } from '../scope.ts';
import { programEnv, programFile } from './programs.ts';

const ROWS_PER_SECOND = '20000';

/** `sluice compare --continuous` as it runs beside a pipeline. */
export interface Auditor {
  readonly metricsUrl: string;
  /** SIGTERM; resolves to its exit code. */
  readonly stop: () => Promise<number | null>;
}

/** Compares one table again and again until it is stopped, or killed at the scope's end. It does not answer yet. */
export async function startAuditor(scope: Scope, configFile: string, table: string): Promise<Auditor> {
  const [port = 0] = await freePorts(1);
  const listen = ['--listen', `127.0.0.1:${port}`, '--rows-per-second', ROWS_PER_SECOND];
  const child = spawn(
    process.execPath,
    [programFile('sluice'), 'compare', table, '--continuous', ...listen, '--config', configFile],
    { env: programEnv(), stdio: 'ignore' },
  );
  scope.defer(() => void child.kill('SIGKILL'));
  const ended = once(child, 'close');
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    const [code] = (await ended) as [number | null];
    return code;
  };
  return { metricsUrl: `http://127.0.0.1:${port}/metrics`, stop };
}
