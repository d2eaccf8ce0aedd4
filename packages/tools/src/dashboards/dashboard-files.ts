import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { BOARDS, type Board } from './boards.ts';
import { buildPanel } from './panel.ts';

/** Text of every dashboard by its path in the repository. */
export function dashboardFiles(): readonly (readonly [path: string, text: string])[] {
  return BOARDS.map((board) => {
    const name = board.uid.replace(/^sluice-/u, '');
    return [`infra/grafana/dashboards/${name}.json`, `${JSON.stringify(buildBoard(board), null, 2)}\n`];
  });
}

function buildBoard({ uid, title, description, panels }: Board): unknown {
  const board = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['sluice'])
    .timezone('browser')
    .refresh('30s')
    .time({ from: 'now-3h', to: 'now' })
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(labelVariable('pipeline', 'cdc_build_info'))
    .withVariable(labelVariable('sink', 'cdc_circuit_breaker_state{pipeline=~"$pipeline"}'))
    .withVariable(labelVariable('table', 'cdc_capture_events_total{pipeline=~"$pipeline"}'));
  for (const panel of panels) board.withPanel(buildPanel(panel));
  return board.build();
}

/** The values that a label has in a series; all of them until one is chosen. */
function labelVariable(label: string, series: string): Builder<VariableModel> {
  return new QueryVariableBuilder(label)
    .label(label)
    .datasource({ type: 'prometheus', uid: '${datasource}' })
    .query({ query: `label_values(${series}, ${label})`, refId: label })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: 'All', value: '$__all' });
}
