import type { TableOutline } from '@sluice/envelope';
import type { SluiceConfig } from '@sluice/runtime';

/** What a sink would make for a table in its store. */
export interface TablePreview {
  /** Name of the table, index or keys in the store. */
  readonly target: string;
  /** The statement, the mapping, or how a row is stored. */
  readonly definition: string;
}

/**
 * What `src/preview.ts` of a sink exports as `previewTable`, for `sluice plan`. Throws when the store would refuse the table.
 * @param sink name of its section
 */
export type PreviewTable = (config: SluiceConfig, table: TableOutline, sink: string) => TablePreview;
