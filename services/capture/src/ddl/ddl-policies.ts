import type { DdlClass, DdlPolicy } from '@sluice/envelope';
import type { StatementClass } from './ddl-change.ts';

/** `ddl` of sluice.yaml. */
export type DdlPolicies = Readonly<Record<StatementClass, DdlPolicy>>;

/** Whether capture publishes nothing of the tables that an alert of this class names, until an operator lets them go on. */
export function stopsTable(kind: DdlClass): kind is 'xa' | 'exposure' {
  return kind === 'xa' || kind === 'exposure';
}
