import { controlRecord } from './envelope/control-record.ts';
import { EnvelopeRows } from './envelope/envelope-rows.ts';
import type { RecordFormat } from './record-format.ts';

/** The format of all topics: Sluice's own envelope, version 1 (docs/envelope.md). */
export const FORMAT: RecordFormat = { rows: () => new EnvelopeRows(), control: controlRecord };
