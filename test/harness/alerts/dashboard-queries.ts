import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { INFRA } from '../prometheus/prometheus-tools.ts';

interface DashboardFile {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly {
    readonly title: string;
    readonly description: string;
    readonly fieldConfig: { readonly defaults: { readonly unit?: string } };
    readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
}

export interface PanelQuery {
  readonly board: string;
  readonly panel: string;
  readonly expr: string;
  readonly legend: string;
}

export function dashboards(): readonly DashboardFile[] {
  return globSync('grafana/dashboards/*.json', { cwd: INFRA })
    .sort()
    .map((path) => JSON.parse(readFileSync(join(INFRA, path), 'utf8')) as DashboardFile);
}

export function panelQueries(): readonly PanelQuery[] {
  return dashboards().flatMap(({ title: board, panels }) =>
    panels.flatMap(({ title: panel, targets }) =>
      targets.map(({ expr, legendFormat: legend }) => ({ board, panel, expr, legend })),
    ),
  );
}

/** As Grafana asks it with everything chosen. */
export function withVariables(expr: string, rateInterval: string): string {
  return expr.replaceAll(/\$(?:pipeline|sink|table)/g, '.*').replaceAll('$__rate_interval', rateInterval);
}

/** Labels that a legend shows. */
export function legendLabels(legend: string): string[] {
  return [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
}
