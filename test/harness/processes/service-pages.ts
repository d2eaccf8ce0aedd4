export interface Page {
  readonly status: number;
  readonly text: string;
  /** The text as JSON; null when it is none. */
  readonly body: unknown;
}

/** What a service answers on one of its pages. */
export async function page(url: string): Promise<Page> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  return { status: response.status, text, body: isJson ? JSON.parse(text) : null };
}

/** Sum of a metric's series with these labels, in Prometheus' text format; NaN when there is no such series. */
export function metricSum(text: string, name: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const values = text
    .split('\n')
    .filter(
      (line) =>
        (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) &&
        wanted.every((label) => line.includes(label)),
    )
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0);
}

/** Whether a sink has applied rows, by its metrics. */
export async function hasApplied(metricsUrl: string): Promise<boolean> {
  const { text } = await page(metricsUrl);
  return metricSum(text, 'cdc_sink_records_total', { result: 'applied' }) > 0;
}
