import { expect, test } from 'vitest';
import {
  dashboards,
  legendLabels,
  panelQueries,
  withVariables,
} from '../harness/alerts/dashboard-queries.ts';
import { declaredMetrics, isDeclared, metricsOf } from '../harness/prometheus/metric-names.ts';
import { recordingRules } from '../harness/prometheus/rule-files.ts';

const declared = await declaredMetrics();
const recorded = new Set(recordingRules().map(({ record }) => record));
const queries = panelQueries();

test('there are six dashboards, each under an id of its own', () => {
  const ids = dashboards().map(({ uid }) => uid);
  expect(ids.length).toBeGreaterThanOrEqual(6);
  expect(new Set(ids).size).toBe(ids.length);
});

test('every panel has a unit and says what it shows', () => {
  const panels = dashboards().flatMap((board) => board.panels);
  const without = panels.filter(
    ({ description, fieldConfig }) => description.length < 10 || fieldConfig.defaults.unit === undefined,
  );
  expect(panels.length).toBeGreaterThan(40);
  expect(without.map(({ title }) => title)).toEqual([]);
});

test('panels read only metrics that are declared', () => {
  const unknown = queries.flatMap(({ panel, expr }) =>
    metricsOf(withVariables(expr, '1m'))
      .filter((name) => !recorded.has(name) && !isDeclared(name, declared))
      .map((name) => `${panel}: ${name}`),
  );
  expect(unknown).toEqual([]);
});

test('a legend shows labels that its query keeps', () => {
  const lost = queries.filter(({ expr, legend }) => {
    const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(', '));
    return grouped.length > 0 && legendLabels(legend).some((label) => !grouped.includes(label));
  });
  expect(lost.map(({ panel }) => panel)).toEqual([]);
});
