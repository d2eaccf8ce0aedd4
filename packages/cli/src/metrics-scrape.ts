/** One line of Prometheus' text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Comments and lines that are not samples are left out (Prometheus' text exposition format 0.0.4). */
export function parseMetrics(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    const match = line.startsWith('#') ? null : LINE.exec(line.trim());
    if (match === null) continue;
    const [, name = '', labelText = '', value = ''] = match;
    samples.push({ name, labels: parseLabels(labelText), value: parseValue(value) });
  }
  return samples;
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(LABEL)) {
    labels[name] = value.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
  }
  return labels;
}

function parseValue(text: string): number {
  if (text === '+Inf') return Infinity;
  return text === '-Inf' ? -Infinity : Number(text);
}

/** Sum over all series of the name with these labels; undefined when there is none. */
export function sumOf(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const wanted = Object.entries(labels);
  const values = samples
    .filter(
      (sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
    )
    .map((sample) => sample.value);
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}

/** Growth of a counter per second; a counter that fell has started again from 0. */
export function ratePerSecond(now: number, before: number, seconds: number): number {
  return seconds <= 0 ? 0 : (now >= before ? now - before : now) / seconds;
}

/** Upper bound (`le`) → observations at or below it, summed over all series of a histogram. */
export type Buckets = ReadonlyMap<number, number>;

export function bucketsOf(samples: readonly Sample[], name: string): Buckets {
  const buckets = new Map<number, number>();
  for (const { name: candidate, labels, value } of samples) {
    if (candidate !== `${name}_bucket`) continue;
    const bound = parseValue(labels['le'] ?? '');
    buckets.set(bound, (buckets.get(bound) ?? 0) + value);
  }
  return buckets;
}

/** Observations since `before`; all of them when the process has started again in between. */
export function bucketsSince(now: Buckets, before: Buckets): Buckets {
  const grown = [...now].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)] as const);
  return grown.some(([, count]) => count < 0) ? now : new Map(grown);
}

/**
 * The value below which the share `q` of the observations lies, linear within a bucket, as Prometheus'
 * histogram_quantile does; the last finite bound when it lies above that. Undefined without observations.
 */
export function quantile(q: number, buckets: Buckets): number | undefined {
  const bounds = [...buckets].sort(([left], [right]) => left - right);
  const total = bounds.at(-1)?.[1] ?? 0;
  if (total === 0) return undefined;
  const rank = q * total;
  let lowerBound = 0;
  let lowerCount = 0;
  for (const [bound, count] of bounds) {
    if (count >= rank && count > lowerCount) {
      if (!Number.isFinite(bound)) return lowerBound;
      return lowerBound + ((bound - lowerBound) * (rank - lowerCount)) / (count - lowerCount);
    }
    lowerBound = Number.isFinite(bound) ? bound : lowerBound;
    lowerCount = count;
  }
  return lowerBound;
}
