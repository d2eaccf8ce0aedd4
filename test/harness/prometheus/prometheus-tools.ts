import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { debianCommand, debianTree, PROMETHEUS_TREE } from '@sluice/local-stack';

export const INFRA = join(import.meta.dirname, '..', '..', '..', 'infra');
const TIMEOUT_MS = 120_000;
const OUTPUT_MAX_BYTES = 8 * 1_048_576;

export interface ToolEnd {
  readonly ok: boolean;
  readonly stdout: string;
  /** What it wrote, standard error last. */
  readonly output: string;
}

/** Runs `promtool` or `amtool` in `infra`; downloads them the first time. */
export async function prometheusTool(name: 'promtool' | 'amtool', args: readonly string[]): Promise<ToolEnd> {
  const root = await debianTree(PROMETHEUS_TREE);
  const line = debianCommand(root, `usr/bin/${name}`, args);
  const options = { cwd: INFRA, timeout: TIMEOUT_MS, maxBuffer: OUTPUT_MAX_BYTES };
  return new Promise((resolve) => {
    execFile(line.command, line.args, options, (error, stdout, stderr) =>
      resolve({ ok: error === null, stdout, output: `${stdout}${stderr}` }),
    );
  });
}
