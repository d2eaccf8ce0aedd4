import type { OrphanSource } from '@sluice/capture/orphans';
import type { SluiceConfig } from '@sluice/runtime';
import type { CommandLine } from './command.ts';
import { hostPort } from './host-port.ts';
import { UsageError } from './usage-error.ts';

const MYSQL_PORT = 3306;

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
    from: from === undefined ? null : addressOf('from', from),
    files,
    to: to === undefined ? null : addressOf('to', to),
  };
}

/** Throws UsageError. */
function addressOf(option: string, text: string): { readonly host: string; readonly port: number } {
  const { host, port } = hostPort(text) ?? { host: '', port: 0 };
  if (port === 0) throw new UsageError(`--${option} is "${text}", but must be HOST or HOST:PORT`);
  return { host, port: port ?? MYSQL_PORT };
}
