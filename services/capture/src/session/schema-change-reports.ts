import type { Logger } from '@sluice/runtime';
import type { TableRegistry } from '../catalog/table-registry.ts';
import type { DdlJournal } from '../ddl/ddl-journal.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { Source } from '../source/source.ts';
import { DdlReporter } from '../stream/ddl-reporter.ts';
import type { CaptureMetrics } from './metrics.ts';

interface ReporterParts {
  readonly settings: CaptureSettings;
  readonly source: Source;
  readonly registry: TableRegistry;
  readonly journal: DdlJournal;
  readonly metrics: CaptureMetrics;
  readonly log: Logger;
}

/** Counts every report, and logs a table that is stopped. */
export function newReporter({
  settings,
  source,
  registry,
  journal,
  metrics,
  log,
}: ReporterParts): DdlReporter {
  return new DdlReporter({
    prefix: settings.prefix,
    flavour: source.facts.flavour,
    filter: settings.filter,
    registry,
    policies: settings.config.ddl,
    journal,
    onReport: (kind, tables) => {
      metrics.ddl(kind);
      if (kind === 'xa')
        log.warn(
          { event: 'table.stopped', tables },
          `changes of ${tables.join(', ')} are not published: an XA transaction that changed it is prepared, and nobody has said that it has ended (sluice ddl alerts)`,
        );
      if (kind === 'exposure')
        log.warn(
          { event: 'table.stopped', tables },
          `changes of ${tables.join(', ')} are not published: a RENAME has taken away a setting that hid some of its data (sluice ddl alerts)`,
        );
    },
  });
}
