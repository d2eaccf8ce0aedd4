import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { INFRA } from '../prometheus/prometheus-tools.ts';

/** Between two looks at a service, and between two evaluations of all rules. */
export const SCRAPE_MS = 500;

/** A service whose metrics are read. */
export interface Target {
  readonly name: string;
  /** Another one after each restart. */
  readonly metricsUrl: () => string;
}

interface Route {
  readonly routes?: readonly Route[];
}

interface AlertmanagerConfig {
  readonly route: Route;
  readonly inhibit_rules: readonly unknown[];
  readonly receivers: readonly { readonly name: string }[];
}

/** Addresses by service, with the labels that `infra/prometheus/prometheus.yml` gives them. */
export function targetGroups(pipeline: string, targets: readonly Target[]): unknown {
  return targets.map(({ name, metricsUrl }) => ({
    targets: [new URL(metricsUrl()).host],
    labels: { job: `sluice-${name}`, instance: name, pipeline },
  }));
}

/** Targets from `targets.json`, rules from `rules`, beside the file that this becomes. JSON is YAML. */
export function prometheusConfig(alertmanagerUrl: string): string {
  const { host } = new URL(alertmanagerUrl);
  const every = `${SCRAPE_MS}ms`;
  return JSON.stringify({
    global: { scrape_interval: every, scrape_timeout: every, evaluation_interval: every },
    rule_files: ['rules/*.yml'],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [host] }] }] },
    scrape_configs: [
      { job_name: 'sluice', file_sd_configs: [{ files: ['targets.json'], refresh_interval: '1s' }] },
      { job_name: 'alertmanager', static_configs: [{ targets: [host] }] },
    ],
  });
}

/** Our routes and inhibitions, without their waits, and every receiver a webhook at that address. */
export async function alertmanagerConfig(receiverUrl: string): Promise<string> {
  const file = await readFile(join(INFRA, 'alertmanager/alertmanager.yml'), 'utf8');
  const config = parse(file) as AlertmanagerConfig;
  const webhook = { url: receiverUrl, send_resolved: true };
  return stringify({
    ...config,
    route: withoutWaits(config.route),
    receivers: config.receivers.map(({ name }) => ({ name, webhook_configs: [webhook] })),
  });
}

function withoutWaits({ routes = [], ...route }: Route): unknown {
  const waits = { group_wait: '0s', group_interval: '1s', repeat_interval: '5s' };
  return { ...route, ...waits, routes: routes.map(withoutWaits) };
}
