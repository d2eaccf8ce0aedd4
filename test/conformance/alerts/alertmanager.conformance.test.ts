import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../../harness/eventually.ts';
import { ownServers } from '../../harness/pipelines/own-servers.ts';
import { INFRA, prometheusTool } from '../../harness/prometheus/prometheus-tools.ts';
import { alertRules } from '../../harness/prometheus/rule-files.ts';
import { testScope } from '../../harness/scope.ts';

const CONFIG = join(INFRA, 'alertmanager/alertmanager.yml');

interface ShownAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly state: 'active' | 'suppressed' | 'unprocessed' };
}

test('amtool finds nothing wrong with the configuration', async () => {
  const { ok, output } = await prometheusTool('amtool', ['check-config', CONFIG]);
  expect(output).toMatch(/SUCCESS/);
  expect(ok).toBe(true);
});

test.each([
  [['severity=P0', 'pipeline=shop'], 'page'],
  [['severity=P1', 'pipeline=shop'], 'on-call'],
  [['severity=P2', 'pipeline=shop'], 'tickets'],
  [['severity=none', 'alertname=Watchdog'], 'watchdog'],
  [['severity=unheard-of'], 'tickets'],
])('an alert with %j goes to %s', async (labels, receiver) => {
  const args = ['config', 'routes', 'test', `--config.file=${CONFIG}`, ...labels];
  const { stdout } = await prometheusTool('amtool', args);
  expect(stdout.trim()).toBe(receiver);
});

/** What the consequences of a fault look like in Alertmanager: which of the alerts are told. */
async function toldOf(alerts: readonly Record<string, string>[]): Promise<string[]> {
  const stack = await ownServers(testScope(), { alertmanager: [`--config.file=${CONFIG}`] });
  const { url } = stack.alertmanager;
  const severities = new Map(alertRules().map(({ alert, labels }) => [alert, labels.severity]));
  const body = alerts.map((labels) => ({
    labels: { pipeline: 'shop', severity: severities.get(labels['alertname'] ?? '') ?? '', ...labels },
  }));
  expect(body.every(({ labels }) => labels.severity !== '')).toBe(true);
  const headers = { 'content-type': 'application/json' };
  const posted = await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(posted.status).toBe(200);
  const shown = await eventually('all alerts to be processed', async () => {
    const all = (await (await fetch(`${url}/api/v2/alerts`)).json()) as ShownAlert[];
    return all.length === alerts.length && all.every(({ status }) => status.state !== 'unprocessed') && all;
  });
  return shown
    .filter(({ status }) => status.state === 'active')
    .map(({ labels }) => `${labels['pipeline']} ${labels['service']} ${labels['alertname']}`)
    .sort();
}

test('a dead source is one page', async () => {
  const sinks = ['sink-redis', 'sink-mysql'].flatMap((service) =>
    ['BinlogSyncDelay', 'HeartbeatStale', 'LatencyBudgetBurnFast'].map((alertname) => ({
      alertname,
      service,
    })),
  );
  const capture = ['SourceDisconnected', 'CaptureNotStreaming', 'HighBinlogLag', 'ServiceNotReady'].map(
    (alertname) => ({ alertname, service: 'capture' }),
  );
  const other = { alertname: 'BinlogSyncDelay', service: 'sink-redis', pipeline: 'crm' };
  expect(await toldOf([...capture, ...sinks, other])).toEqual([
    'crm sink-redis BinlogSyncDelay',
    'shop capture SourceDisconnected',
  ]);
});

test('a store that is away is one alert, and hides nothing of another sink', async () => {
  const redis = ['CircuitBreakerOpen', 'BinlogSyncDelay', 'ServiceNotReady', 'HighErrorRate', 'SinkStalled'];
  const told = await toldOf([
    ...redis.map((alertname) => ({ alertname, service: 'sink-redis' })),
    { alertname: 'BinlogSyncDelay', service: 'sink-mysql' },
    { alertname: 'DataGap', service: 'sink-redis' },
  ]);
  expect(told).toEqual([
    'shop sink-mysql BinlogSyncDelay',
    'shop sink-redis CircuitBreakerOpen',
    'shop sink-redis DataGap',
  ]);
});

test('a service of which no process answers hides that it does no work; one process of several nothing of the others', async () => {
  const of = (service: string, instance: string, ...names: readonly string[]) =>
    names.map((alertname) => ({ alertname, service, ...(instance === '' ? {} : { instance }) }));
  const told = await toldOf([
    ...of('capture', '', 'ServiceDown', 'CheckpointStale', 'BreakingDdl', 'HighBinlogLag'),
    ...of('sink-redis', '', 'ServiceDown', 'SinkStalled', 'SinkDiffers', 'BinlogSyncDelay'),
    ...of('sink-mysql', '', 'HeartbeatStale', 'DlqGrowing'),
  ]);
  expect(told).toEqual([
    'shop capture BreakingDdl',
    'shop capture HighBinlogLag',
    'shop capture ServiceDown',
    'shop sink-mysql DlqGrowing',
    'shop sink-redis ServiceDown',
    'shop sink-redis SinkDiffers',
  ]);
  const one = await toldOf([
    ...of('capture', 'b', 'ServiceDown', 'ServiceRestarting'),
    ...of('capture', 'a', 'ServiceNotReady'),
    ...of('capture', '', 'CheckpointStale'),
    ...of('sink-redis', 'b', 'ServiceDown', 'ServiceNotReady'),
    ...of('sink-redis', '', 'SinkStalled', 'BinlogSyncDelay'),
    ...of('sink-mysql', '', 'HeartbeatStale'),
  ]);
  expect(one).toEqual([
    'shop capture CheckpointStale',
    'shop capture ServiceDown',
    'shop capture ServiceNotReady',
    'shop sink-mysql HeartbeatStale',
    'shop sink-redis BinlogSyncDelay',
    'shop sink-redis ServiceDown',
    'shop sink-redis SinkStalled',
  ]);
});

test('a store that is away for long pages: an alert of less weight hides none of more', async () => {
  const told = await toldOf(
    ['CircuitBreakerOpen', 'LatencyBudgetBurnFast', 'LatencyBudgetBurn', 'BinlogSyncDelay'].map(
      (alertname) => ({ alertname, service: 'sink-redis' }),
    ),
  );
  expect(told).toEqual(['shop sink-redis CircuitBreakerOpen', 'shop sink-redis LatencyBudgetBurnFast']);
});
