import type { CaptureStateName } from '@sluice/ops-api';
import type { ErrorCode } from '@sluice/runtime';

/**
 * Errors that a person ends outside of the process, wherever they came. All others ask for a setting or for `--accept`, which a process
 * takes at its start.
 */
const FIXED_OUTSIDE: ReadonlySet<ErrorCode> = new Set([
  'COLUMN_TYPE_UNKNOWN',
  'KAFKA_AUTH_FAILED',
  'KAFKA_NOT_AUTHORIZED',
  'KAFKA_TLS_FAILED',
  'MYSQL_AUTH_FAILED',
  'MYSQL_DATABASE_UNKNOWN',
  'MYSQL_PRIVILEGE_MISSING',
  'MYSQL_TLS_FAILED',
  'PREFLIGHT_FAILED',
  'SOURCE_MISCONFIGURED',
]);

/**
 * Whether capture may look by itself if a person has fixed it. A start fences every other capture of the pipeline: so only where the
 * first step, which changes nothing, would meet the error again.
 * @param state where it came
 */
export function canBeFixedOutside(code: ErrorCode, state: CaptureStateName): boolean {
  return FIXED_OUTSIDE.has(code) || state === 'starting' || state === 'checking';
}
