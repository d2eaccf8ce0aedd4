import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** Units of Grafana (its `valueFormats` ids). */
export type Unit = 's' | 'bytes' | 'short' | 'percentunit' | 'ops' | 'bool_yes_no' | 'dateTimeAsIso';

export interface PanelSpec {
  readonly title: string;
  /** What it shows and when to worry, for people. */
  readonly description: string;
  readonly unit: Unit;
  /** Expressions by legend; `{{label}}` in a legend is the value of the label. */
  readonly queries: Readonly<Record<string, string>>;
  /** The last value in large; default: lines over time. */
  readonly kind?: 'stat';
}

const SOURCE = { type: 'prometheus', uid: '${datasource}' };
const STAT_SIZE = { width: 6, height: 4 };
const LINES_SIZE = { width: 12, height: 8 };

export function buildPanel(spec: PanelSpec): Builder<Panel> {
  const isStat = spec.kind === 'stat';
  const size = isStat ? STAT_SIZE : LINES_SIZE;
  const panel = isStat ? new StatBuilder() : new TimeseriesBuilder().min(0).fillOpacity(10);
  panel.title(spec.title).description(spec.description).unit(spec.unit).datasource(SOURCE);
  panel.span(size.width).height(size.height);
  for (const [place, [legend, expr]] of Object.entries(spec.queries).entries())
    panel.withTarget(query(String.fromCodePoint(65 + place), legend, expr));
  return panel;
}

function query(refId: string, legend: string, expr: string): DataqueryBuilder {
  return new DataqueryBuilder().refId(refId).expr(expr).legendFormat(legend).range().datasource(SOURCE);
}
