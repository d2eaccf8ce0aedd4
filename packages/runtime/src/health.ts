export const HEALTH_STATUSES = ['ok', 'degraded', 'down'] as const;
export type HealthStatus = (typeof HEALTH_STATUSES)[number];

export interface ComponentHealth {
  readonly status: HealthStatus;
  /** One sentence for an operator; no secret, no row value. */
  readonly detail?: string;
}

/** What a service knows of itself at this moment. Must be cheap: it is asked for at every probe. */
export interface HealthReport {
  /** Preflight passed and flowing, or standing by. */
  readonly ready: boolean;
  /** The main loop ticks. False only where a restart helps: never because a store is down. Default true. */
  readonly live?: boolean;
  /** Where the service is, in the word of its `/status`. */
  readonly state?: string;
  readonly components: Readonly<Record<string, ComponentHealth>>;
}

/** The worst status of the components; `ok` when there are none. */
export function rollUp(report: HealthReport): HealthStatus {
  const statuses = Object.values(report.components).map((component) => component.status);
  if (statuses.includes('down')) return 'down';
  return statuses.includes('degraded') ? 'degraded' : 'ok';
}
