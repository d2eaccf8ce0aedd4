import { afterAll, beforeAll, expect, test } from 'vitest';
import { SeededRandom } from '@sluice/seeded-random';
import { ALERT_CASES } from '../harness/alerts/alert-cases.ts';
import { AlertWatch } from '../harness/alerts/alert-watch.ts';
import { panelQueries, withVariables } from '../harness/alerts/dashboard-queries.ts';
import { keepAlerts } from '../harness/alerts/kept-alerts.ts';
import { playCase, type FiredAlert } from '../harness/alerts/play-case.ts';
import { eventually } from '../harness/eventually.ts';
import { FaultPipeline } from '../harness/faults/fault-pipeline.ts';
import { SERVICE_NAMES, startFaultServers } from '../harness/faults/fault-servers.ts';
import { Scene } from '../harness/faults/scene.ts';
import { startAuditor } from '../harness/processes/auditor.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { fileScope } from '../harness/scope.ts';

/**
 * Alerts are seen firing and resolving: a real Prometheus with the shortened rules reads the pipeline while a fault is played under load.
 * `npm run test:alerts` plays all of them, and keeps what it saw for docs/alerts.md.
 */

const ALL = process.env['SLUICE_ALERTS'] === 'all';
const SEED = Number(process.env['SLUICE_TEST_SEED'] ?? 7);
const cases = ALERT_CASES.filter(({ inEveryRun }) => ALL || inEveryRun === true);
const fired: FiredAlert[] = [];
const scope = fileScope();
let scene: Scene;
let watch: AlertWatch;

beforeAll(async () => {
  const servers = await startFaultServers(scope, { ownsElasticsearch: false, brokers: 1, replicated: null });
  const pipeline = await FaultPipeline.start(scope, servers, { onFatal: 'stay' });
  scene = new Scene(pipeline, new SeededRandom(SEED));
  scope.defer(() => scene.changes.stop());
  await scene.flows();
  const targets = SERVICE_NAMES.map((name) => ({
    name: name as string,
    metricsUrl: () => pipeline.services[name].metricsUrl,
  }));
  // Of the alerts that fire in every run none is of the auditor's.
  if (ALL) {
    const { metricsUrl } = await startAuditor(
      scope,
      pipeline.services.capture.configFile,
      `${pipeline.name}.probe`,
    );
    targets.push({ name: 'auditor', metricsUrl: () => metricsUrl });
  }
  watch = await AlertWatch.start(scope, pipeline.name, targets);
});

afterAll(() => {
  const faults = ALERT_CASES.map(({ fault }) => fault);
  if (ALL && fired.length > 0) keepAlerts(fired, faults);
});

test('the watchdog fires, and nothing that pages, while all is well', async () => {
  await eventually('the watchdog', async () => (await watch.firing()).length > 0);
  await eventually('the page of the watchdog', () => watch.pages.got('watchdog', 'Watchdog', 'firing'));
  const pages = (await watch.firing()).filter(({ labels }) => labels['severity'] === 'P0');
  expect(pages.map(({ labels }) => labels['alertname'])).toEqual([]);
});

test.each(cases)('$fault: its alerts fire and resolve', { timeout: 400_000 }, async (each) => {
  const seen = await playCase(each, scene, watch);
  expect(seen.map(({ alert, service }) => [alert, service])).toEqual(each.alerts);
  fired.push(...seen);
});

test('who is on duty got the page, and was told that it is over', async () => {
  await eventually('the page', () => watch.pages.got('page', 'ServiceDown', 'firing'));
  await eventually('its end', () => watch.pages.got('page', 'ServiceDown', 'resolved'));
  const paged = watch.pages.notifications.filter(({ receiver }) => receiver === 'page');
  const alert = paged
    .flatMap(({ alerts }) => alerts)
    .find(({ labels }) => labels['alertname'] === 'ServiceDown' && labels['service'] === 'sink-redis');
  expect(alert?.labels).toMatchObject({
    severity: 'P0',
    service: 'sink-redis',
    pipeline: scene.pipeline.name,
  });
  expect(alert?.annotations['summary']).toBe('sluice-sink-redis does not answer');
  expect(alert?.annotations['runbook_url']).toBe('docs/runbooks/ServiceDown.md');
});

test('every panel of the dashboards has a query that gives series', async () => {
  const problems: string[] = [];
  for (const { board, panel, expr } of panelQueries()) {
    const series = await watch.query(withVariables(expr, '10s')).catch((error: unknown) => String(error));
    if (typeof series === 'string') problems.push(`${board}, ${panel}: ${series}`);
    else if (series.length === 0) problems.push(`${board}, ${panel}: no series: ${expr}`);
  }
  expect(problems).toEqual([]);
});

// Of the long form's auditor a comparison is known.
test.skipIf(ALL)(
  'the report of a week tells what Prometheus has seen, and that no comparison is known',
  async () => {
    const { configFile } = scene.pipeline.services.capture;
    const { code, document, said } = await sluice(configFile, 'maintenance weekly --prometheus', watch.url);
    const { findings = [] } = (document ?? {}) as {
      findings?: readonly Record<'area' | 'result' | 'found', string>[];
    };
    const of = (area: string) => findings.filter((finding) => finding.area === area);
    expect([code, said]).toEqual([1, expect.stringContaining('sluice compare')]);
    expect(of('tables')[0]?.found).toMatch(/^\d+ tables?, [\d.]+ MiB/);
    expect(of('capacity').map(({ found }) => found)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^[1-9]\d* rows in seven days; of the week before nothing is known/),
        expect.stringMatching(/^capture was \d+ s behind/),
        expect.stringMatching(/^the binlog that capture needs .* is kept for \d+\.\d h/),
      ]),
    );
    expect(of('compare')).toMatchObject([{ result: 'unknown' }]);
  },
);
