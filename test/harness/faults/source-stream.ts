import type { Address } from '../fault-proxy/proxy-link.ts';
import type { Scene } from './scene.ts';

export interface Stream {
  readonly server: string;
  readonly generation: number;
  readonly gtidSet: string | null;
}

/** What capture says of its stream; null while there is none. */
export async function streamOf(scene: Scene): Promise<Stream | null> {
  return ((await scene.service('capture').status()) as { readonly stream: Stream | null }).stream;
}

/** Where the source itself is. */
export function sourceAddress({ replicated }: Scene): Address {
  const { host, port } = replicated.servers.source;
  return { host, port };
}
