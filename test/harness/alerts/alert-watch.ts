import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import { ownServers } from '../pipelines/own-servers.ts';
import type { Scope } from '../scope.ts';
import { PageReceiver } from './page-receiver.ts';
import { writeShortRules } from './short-rules.ts';
import {
  alertmanagerConfig,
  prometheusConfig,
  SCRAPE_MS,
  targetGroups,
  type Target,
} from './watch-config.ts';

const QUERY_TIMEOUT_MS = 5000;
/** What fires before Prometheus knows its Alertmanager is told again after this: a minute by default. */
const RESEND = '1s';

export interface SeenAlert {
  readonly state: 'pending' | 'firing';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** A real Prometheus with the shortened rules, and a real Alertmanager with our routes that tells a receiver of the test. */
export class AlertWatch {
  readonly pages: PageReceiver;
  /** Address of the Prometheus. */
  readonly url: string;

  /** Resolves when every target has been read, and nothing is missed any more. */
  static async start(scope: Scope, pipeline: string, targets: readonly Target[]): Promise<AlertWatch> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-alerts-'));
    scope.defer(() => rm(folder, { recursive: true, force: true }));
    const pages = await PageReceiver.start();
    scope.defer(() => pages.close());
    await writeShortRules(join(folder, 'rules'));
    const config = (name: string): string => join(folder, `${name}.yml`);
    await writeFile(config('alertmanager'), await alertmanagerConfig(pages.url));
    const told = await ownServers(scope, { alertmanager: [`--config.file=${config('alertmanager')}`] });
    await writeFile(config('prometheus'), prometheusConfig(told.alertmanager.url));
    await followTargets(scope, join(folder, 'targets.json'), () => targetGroups(pipeline, targets));
    const stack = await ownServers(scope, {
      prometheus: [`--config.file=${config('prometheus')}`, `--rules.alert.resend-delay=${RESEND}`],
    });
    const watch = new AlertWatch(pages, stack.prometheus.url);
    await eventually('every target to be read', async () => {
      const up = await watch.query('up{pipeline!=""} == 1');
      return up.length === targets.length;
    });
    // Its minute is two seconds here: a service that was not read within them was missed.
    await eventually('no service to be missed', async () => {
      return (await watch.query('ALERTS{alertname="ServiceDown"}')).length === 0;
    });
    return watch;
  }

  private constructor(pages: PageReceiver, url: string) {
    this.pages = pages;
    this.url = url;
  }

  /** Series that an expression gives now. Throws what Prometheus says of one that it cannot evaluate. */
  async query(expr: string): Promise<readonly Sample[]> {
    const { result } = await this.#ask<{ result: readonly Sample[] }>(
      `query?query=${encodeURIComponent(expr)}`,
    );
    return result;
  }

  /** Alerts that fire now, of one service if it is named. */
  async firing(service?: string): Promise<readonly SeenAlert[]> {
    const { alerts } = await this.#ask<{ alerts: readonly SeenAlert[] }>('alerts');
    return alerts.filter(
      ({ state, labels }) => state === 'firing' && (service === undefined || labels['service'] === service),
    );
  }

  async #ask<T>(path: string): Promise<T> {
    const signal = AbortSignal.timeout(QUERY_TIMEOUT_MS);
    const response = await fetch(`${this.url}/api/v1/${path}`, { signal });
    const answer = (await response.json()) as { status: string; error?: string; data: T };
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }
}

/** Keeps a file of targets true: a service that is restarted has other ports. */
async function followTargets(scope: Scope, file: string, groups: () => unknown): Promise<void> {
  let written = '';
  const write = async (): Promise<void> => {
    const text = JSON.stringify(groups());
    if (text === written) return;
    written = text;
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  };
  await write();
  const timer = setInterval(() => void write(), SCRAPE_MS);
  scope.defer(async () => clearInterval(timer));
}
