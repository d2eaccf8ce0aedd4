import type { SluiceConfig } from '@sluice/runtime';
import type { MetricsPlace } from './compare-continuous.ts';
import { hostPort } from './host-port.ts';
import type { OptionValues } from './option-values.ts';
import { UsageError } from './usage-error.ts';

const TLS_SETTING = 'auditor.ops.metrics';

/** Where the metrics of `sluice compare --continuous` answer: by the file, but for address and port of `--listen`. Throws UsageError. */
export function metricsPlace(
  { auditor: { ops } }: Pick<SluiceConfig, 'auditor'>,
  values: OptionValues,
): MetricsPlace {
  const tls = { tls: ops.metrics?.tls, tlsSetting: TLS_SETTING };
  const text = values.text('listen');
  if (text === undefined)
    return {
      host: ops.metrics?.host ?? ops.host,
      port: ops.metricsPort,
      setting: 'auditor.ops.metricsPort',
      ...tls,
    };
  const { host, port } = hostPort(text) ?? { host: '', port: null };
  if (port === null)
    throw new UsageError(`--listen is "${text}", but must be HOST:PORT, such as 0.0.0.0:9094`);
  return { host, port, setting: '--listen', ...tls };
}
