import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMetrics } from '@sluice/runtime';

const ROOT = join(import.meta.dirname, '..', '..', '..');
/** Series that Prometheus and Alertmanager have of themselves. */
const THEIRS = [
  'up',
  'ALERTS',
  'prometheus_rule_evaluation_failures_total',
  'alertmanager_notifications_failed_total',
];
const OPERATORS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan']);
const HISTOGRAM_SERIES = /_(?:bucket|sum|count)$/;

/** Names of the series that an expression of PromQL reads. */
export function metricsOf(expr: string): string[] {
  const names = expr
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, '')
    .matchAll(/(?<![\w.])[a-zA-Z_:][\w:]*(?!\s*\(|\w)/g);
  const found = [...names].map(([name]) => name).filter((name) => !OPERATORS.has(name.toLowerCase()));
  return [...new Set(found)];
}

/** Names of all metrics that the sources declare, with those that every Node.js process has. */
export async function declaredMetrics(): Promise<ReadonlySet<string>> {
  const { registry } = createMetrics('test');
  const standard = (await registry.getMetricsAsJSON()).map(({ name }) => name);
  const files = globSync('{packages,services}/*/src/**/*.ts', { cwd: ROOT });
  const own = files.flatMap((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    return [...text.matchAll(/'((?:cdc|http)_[a-z0-9_]+)'/g)].map(([, name = '']) => name);
  });
  return new Set([...standard, ...own, ...THEIRS]);
}

/** The metric that a series belongs to: of a histogram those without its suffix. */
export function isDeclared(series: string, declared: ReadonlySet<string>): boolean {
  return declared.has(series) || declared.has(series.replace(HISTOGRAM_SERIES, ''));
}
