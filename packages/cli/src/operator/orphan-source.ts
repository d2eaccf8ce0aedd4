import type { OrphanSource } from '@sluice/capture/orphans';
import type { SluiceConfig } from '@sluice/runtime';
import type { CommandLine } from './command.ts';
import { serverAddress } from './host-port.ts';
import { UsageError } from './usage-error.ts';

/** Where the orphans are: the old master, or its files. Throws UsageError. */
export function orphanSourceOf({ values, operands }: CommandLine, config: SluiceConfig): OrphanSource {
  const [from, to] = [values.text('from'), values.text('to')];
  // A shell makes several words of `--binlog mysql-bin.*`.
  const files = [...values.texts('binlog'), ...operands];
  if (operands.length > 0 && values.text('binlog') === undefined)
    throw new UsageError(`"${operands[0]}" must follow --binlog`);
  if ((from === undefined) === (files.length === 0))
    throw new UsageError(
      from === undefined
        ? 'the old master is needed by --from HOST:PORT, or its binlog files by --binlog FILE'
        : '--from and --binlog exclude each other',
    );
  return {
    config,
    from: from === undefined ? null : serverAddress('from', from),
    files,
    to: to === undefined ? null : serverAddress('to', to),
  };
}
