import { eventually } from '../eventually.ts';
import type { Scene } from '../faults/scene.ts';
import { SINK_NAMES } from '../pipelines/sink-pipeline.ts';
import type { AlertCase } from './alert-cases.ts';
import type { AlertWatch, SeenAlert } from './alert-watch.ts';

/** What became of an alert in a real run, with the shortened rules. */
export interface FiredAlert {
  readonly alert: string;
  readonly service: string;
  readonly fault: string;
  /** From the begin of the fault. */
  readonly firedAfterSeconds: number;
  /** From the end of the fault. */
  readonly resolvedAfterSeconds: number;
}

const FIRES_WITHIN_MS = 90_000;
const RESOLVES_WITHIN_MS = 120_000;
const FLOWS_WITHIN_MS = 60_000;
const LOOK_MS = 250;

/** Plays the fault, with rows flowing before it, until all of its alerts fire, ends it, waits until they have resolved. Throws naming those that did not. */
export async function playCase(each: AlertCase, scene: Scene, watch: AlertWatch): Promise<FiredAlert[]> {
  const { fault, alerts, begin, end } = each;
  await scene.flows(SINK_NAMES, FLOWS_WITHIN_MS);
  const begun = performance.now();
  let fired: ReadonlyMap<string, number>;
  try {
    await begin(scene, watch);
    fired = await allFired(each, watch, begun);
  } finally {
    await end(scene, watch);
  }
  const resolved = await allResolved(each, watch, performance.now());
  return alerts.map(([alert, service]) => ({
    alert,
    service,
    fault,
    firedAfterSeconds: rounded(fired.get(nameOf(alert, service))),
    resolvedAfterSeconds: rounded(resolved.get(nameOf(alert, service))),
  }));
}

/** Seconds since `begun` by alert. */
async function allFired(
  { fault, alerts }: AlertCase,
  watch: AlertWatch,
  begun: number,
): Promise<ReadonlyMap<string, number>> {
  const open = new Set(alerts.map(([alert, service]) => nameOf(alert, service)));
  const fired = new Map<string, number>();
  const look = async (): Promise<boolean> => {
    for (const alert of await watch.firing()) {
      const name = nameOfSeen(alert);
      if (!open.delete(name)) continue;
      fired.set(name, (performance.now() - begun) / 1000);
      assertReadable(alert);
    }
    return open.size === 0;
  };
  await eventually(`the alerts of "${fault}"`, look, { timeoutMs: FIRES_WITHIN_MS, everyMs: LOOK_MS }).catch(
    (cause: unknown) => {
      throw new Error(`did not fire: ${[...open].join(', ')}`, { cause });
    },
  );
  return fired;
}

/** Seconds since `ended` by alert. */
async function allResolved(
  { fault, alerts }: AlertCase,
  watch: AlertWatch,
  ended: number,
): Promise<ReadonlyMap<string, number>> {
  const open = new Set(alerts.map(([alert, service]) => nameOf(alert, service)));
  const resolved = new Map<string, number>();
  const look = async (): Promise<boolean> => {
    const firing = new Set((await watch.firing()).map(nameOfSeen));
    for (const name of open) {
      if (firing.has(name)) continue;
      open.delete(name);
      resolved.set(name, (performance.now() - ended) / 1000);
    }
    return open.size === 0;
  };
  const patience = { timeoutMs: RESOLVES_WITHIN_MS, everyMs: LOOK_MS };
  await eventually(`the alerts of "${fault}" to resolve`, look, patience).catch((cause: unknown) => {
    throw new Error(`did not resolve: ${[...open].join(', ')}`, { cause });
  });
  return resolved;
}

function nameOf(alert: string, service: string): string {
  return `${alert} of ${service}`;
}

function nameOfSeen({ labels }: SeenAlert): string {
  return nameOf(labels['alertname'] ?? '', labels['service'] ?? '');
}

/** A template that fails leaves its error in the text. */
function assertReadable({ labels, annotations }: SeenAlert): void {
  const text = Object.values(annotations).join('\n');
  if (/<no value>|<error|\{\{|  /.test(text))
    throw new Error(`${labels['alertname']} says something unreadable: ${text}`);
}

function rounded(seconds = Number.NaN): number {
  return Math.round(seconds * 10) / 10;
}
