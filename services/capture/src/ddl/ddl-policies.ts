import type { DdlClass, DdlPolicy } from '@sluice/envelope';

/** `ddl` of sluice.yaml. */
export type DdlPolicies = Readonly<Record<Exclude<DdlClass, 'xa' | 'rows' | 'cascade'>, DdlPolicy>>;
