import { instanceRecord } from '@sluice/ops-api';
import { aboutProcess, type OpsConfig } from '@sluice/runtime';

/** Where this process answers, for `sluice`. @param port the one that it got */
export function sinkInstance(name: string, { host, tls }: OpsConfig, port: number): string {
  const { instance } = aboutProcess();
  return instanceRecord({ service: `sink-${name}`, instance, host, port, isTls: tls !== undefined });
}
