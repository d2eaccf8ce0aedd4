import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { declaredMetrics, isDeclared, metricsOf } from '../harness/prometheus/metric-names.ts';
import { alertRules, recordingRules, testsOfAlert } from '../harness/prometheus/rule-files.ts';
import { readText, repositoryRoot } from './workspaces.ts';

interface AlertmanagerFile {
  readonly inhibit_rules: readonly {
    readonly source_matchers: readonly string[];
    readonly target_matchers: readonly string[];
  }[];
}

interface ListedRule {
  readonly record: string;
  readonly labels: { readonly pipeline: string; readonly job?: string };
}

const alerts = alertRules();
const declared = await declaredMetrics();
const services = parse(readText('infra/prometheus/services.yml')) as {
  readonly groups: readonly { readonly rules: readonly ListedRule[] }[];
};
const listed = services.groups.flatMap(({ rules }) => rules);
const recorded = new Set([...recordingRules(), ...listed].map(({ record }) => record));
const RUNBOOK_PARTS = [
  '## What it means',
  '## What to look at',
  '## What to do',
  '## How to know that it is over',
];
/** Rules of the operation manuals keep the names that they have there. */
const NAMED = [
  'HighBinlogLag',
  'HighErrorRate',
  'ServiceDown',
  'BinlogSyncDelay',
  'SyncErrorRate',
  'HighQueryLatency',
  'HighActiveConnections',
];

test('there are at least 30 rules, the named ones among them, each name once', () => {
  const names = alerts.map(({ alert }) => alert);
  expect(names.length).toBeGreaterThanOrEqual(30);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(expect.arrayContaining(NAMED));
});

test.each([...alerts, ...recordingRules()].map((rule) => ['alert' in rule ? rule.alert : rule.record, rule]))(
  '%s reads only metrics that are declared',
  (_, { expr }) => {
    const unknown = metricsOf(expr).filter((name) => !recorded.has(name) && !isDeclared(name, declared));
    expect(unknown).toEqual([]);
  },
);

describe.each(alerts.map((rule) => [rule.alert, rule] as const))('%s', (name, rule) => {
  test('has severity, service, summary and a description with figures', () => {
    expect(rule.labels.severity).toMatch(name === 'Watchdog' ? /^none$/ : /^P[012]$/);
    expect(rule.labels.service).not.toBe('');
    expect(rule.annotations.summary.length).toBeGreaterThan(10);
    if (name !== 'Watchdog') expect(rule.annotations.description).toMatch(/\{\{.*\}\}|\d/);
  });

  test('has a runbook with all its parts', () => {
    expect(rule.annotations.runbook_url).toBe(`docs/runbooks/${name}.md`);
    const text = readFileSync(join(repositoryRoot, rule.annotations.runbook_url), 'utf8');
    for (const part of [`# ${name}\n`, ...RUNBOOK_PARTS]) expect(text).toContain(part);
    const linked = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path = '']) => path);
    const lost = linked.filter((path) => !existsSync(join(repositoryRoot, 'docs/runbooks', path)));
    expect(lost).toEqual([]);
  });

  test('is tested with series by which it fires, and by which it must not', () => {
    const { fires, silent } = testsOfAlert(name);
    expect(fires).toBeGreaterThan(0);
    if (name !== 'Watchdog') expect(silent).toBeGreaterThan(0);
  });
});

test.each(['prometheus.yml', 'prometheus.prod.yml'])(
  'each service that %s reads always is missed when it is gone',
  (file) => {
    const { scrape_configs: jobs } = parse(readText(`infra/prometheus/${file}`)) as {
      readonly scrape_configs: readonly { readonly job_name: string }[];
    };
    const names = jobs
      .map(({ job_name: name }) => name)
      .filter((name) => /^sluice-(?:capture|sink-)/.test(name));
    expect(listed.flatMap(({ labels }) => labels.job ?? []).sort()).toEqual(names.sort());
  },
);

test('every runbook belongs to an alert', () => {
  const pages = globSync('docs/runbooks/*.md', { cwd: repositoryRoot }).map((path) => basename(path, '.md'));
  expect(pages.filter((page) => page !== 'README').sort()).toEqual(alerts.map(({ alert }) => alert).sort());
});

test('Alertmanager inhibits by names that there are', () => {
  const { inhibit_rules: rules } = parse(readText('infra/alertmanager/alertmanager.yml')) as AlertmanagerFile;
  const patterns = rules
    .flatMap(({ source_matchers, target_matchers }) => [...source_matchers, ...target_matchers])
    .flatMap((matcher) => /^alertname =~? "?([^"]+)"?$/.exec(matcher)?.slice(1) ?? []);
  expect(patterns.length).toBeGreaterThan(10);
  const single = patterns.flatMap((pattern) => pattern.split(/\|(?![^(]*\))/));
  const lost = single.filter(
    (pattern) => !alerts.some(({ alert }) => new RegExp(`^(?:${pattern})$`).test(alert)),
  );
  expect(lost).toEqual([]);
});

test('names are found in an expression', () => {
  const expr = `max by (sink) (rate(cdc_x_total{sink=~"a|cdc_no"}[5m])) > 5 and on (sink) cdc_y offset 10m == bool 1e3`;
  expect(metricsOf(expr)).toEqual(['cdc_x_total', 'cdc_y']);
});
