import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { INFRA } from './prometheus-tools.ts';

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string; readonly service: string };
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    readonly runbook_url: string;
  };
}

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

export interface RuleFile {
  /** Below `infra`. */
  readonly path: string;
  readonly groups: readonly {
    readonly name: string;
    readonly rules: readonly (AlertRule | RecordingRule)[];
  }[];
}

/** A test of promtool: series, and what an expression gives at a time. */
interface RuleTest {
  readonly name: string;
  readonly promql_expr_test: readonly {
    readonly expr: string;
    readonly eval_time: string;
    readonly exp_samples: readonly unknown[];
  }[];
}

export function ruleFiles(): readonly RuleFile[] {
  return read<Omit<RuleFile, 'path'>>('prometheus/rules/*.yml').map(([path, file]) => ({ path, ...file }));
}

export function alertRules(): readonly AlertRule[] {
  return allRules().filter((rule): rule is AlertRule => 'alert' in rule);
}

export function recordingRules(): readonly RecordingRule[] {
  return allRules().filter((rule): rule is RecordingRule => 'record' in rule);
}

/** How often promtool's tests look whether the alert fires, and how often they expect that it does. */
export function testsOfAlert(name: string): { readonly fires: number; readonly silent: number } {
  const looks = read<{ tests: readonly RuleTest[] }>('prometheus/tests/*.yml')
    .flatMap(([, file]) => file.tests.flatMap((test) => test.promql_expr_test))
    .filter(({ expr }) => expr.includes(`alertname="${name}",alertstate="firing"`));
  const fires = looks.filter((look) => look.exp_samples.length > 0).length;
  return { fires, silent: looks.length - fires };
}

function allRules(): readonly (AlertRule | RecordingRule)[] {
  return ruleFiles().flatMap(({ groups }) => groups.flatMap(({ rules }) => rules));
}

function read<T>(pattern: string): [string, T][] {
  const paths = globSync(pattern, { cwd: INFRA }).sort();
  return paths.map((path) => [path, parse(readFileSync(join(INFRA, path), 'utf8')) as T]);
}
