import type { LoadShape } from '@sluice/sample-shop';
import type { CommandLine } from '../operator/command.ts';
import { UsageError } from '../operator/usage-error.ts';

const RATE_MAX = 10_000;
const SECONDS_MAX = 3600;
const SHAPES: readonly LoadShape[] = ['mixed', 'small', 'large'];

/** What is asked of a load. */
export interface LoadOrder {
  readonly database: string;
  /** Transactions in a second. */
  readonly rate: number;
  readonly seconds: number;
  readonly shape: LoadShape;
  /** Connections that write. */
  readonly writers: number;
  /** How long the pipeline may take to catch up, before and after. */
  readonly waitSeconds: number;
}

/** Throws UsageError for what is not within its bounds. */
export function loadOrder({ values }: CommandLine): LoadOrder {
  const rate = values.rate('rate') ?? 100;
  if (rate > RATE_MAX) throw new UsageError(`--rate is ${rate}, but must be at most ${RATE_MAX}/s`);
  const shape = values.text('shape') ?? 'mixed';
  if (!isShape(shape)) throw new UsageError(`--shape is "${shape}", but must be one of ${SHAPES.join(', ')}`);
  return {
    database: values.needed('database'),
    rate,
    seconds: values.wholeNumber('duration', 1, SECONDS_MAX) ?? 60,
    shape,
    writers: values.wholeNumber('writers', 1, 64) ?? 8,
    waitSeconds: values.wholeNumber('wait', 1, SECONDS_MAX) ?? 60,
  };
}

function isShape(text: string): text is LoadShape {
  return (SHAPES as readonly string[]).includes(text);
}
