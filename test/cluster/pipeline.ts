import { kubectl, tryKubectl, type Ended } from './kubectl.ts';

interface Captures {
  readonly leader: { readonly instance: string; readonly host: string } | null;
  readonly standbys: readonly { readonly host: string }[];
}

/** The pipeline in a namespace, asked by the command in its pod. */
export class Pipeline {
  readonly #namespace: string;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  sluice(...args: readonly string[]): Promise<Ended> {
    return tryKubectl(['-n', this.#namespace, 'exec', 'deploy/sluice-cli', '--', 'sluice', ...args]);
  }

  /** Pod of the capture that streams, with at least one that stands by; null while it is not so. */
  async leader(): Promise<string | null> {
    const { code, stdout } = await this.sluice('capture', 'leader', '--output', 'json');
    if (code !== 0) return null;
    const { leader, standbys } = JSON.parse(stdout) as Captures;
    return standbys.length > 0 ? (leader?.host ?? null) : null;
  }

  /** True when `sluice status` finds nothing wrong; else null. */
  async isWell(): Promise<true | null> {
    return (await this.sluice('status')).code === 0 ? true : null;
  }

  async rolledOut(deployment: string, seconds = 300): Promise<void> {
    const args = ['-n', this.#namespace, 'rollout', 'status', deployment, `--timeout=${seconds}s`];
    await kubectl(args, '', (seconds + 10) * 1000);
  }
}
