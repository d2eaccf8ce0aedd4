import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { isDigest, type ImageName } from './image-name.ts';

/** What keeps a registry from telling a digest. */
export class RegistryProblem extends Error {}

const WAIT_MS = 30_000;
const inspect = promisify(execFile);

/**
 * The digest that a registry has for the tag of an image now; of an index of several platforms where there is one, which fits every machine.
 * Asked by `docker buildx imagetools inspect`: with its logins and mirrors, and without an engine. Throws RegistryProblem.
 */
export async function digestOf({ text }: Pick<ImageName, 'text'>): Promise<string> {
  const args = ['buildx', 'imagetools', 'inspect', text, '--format', '{{json .Manifest}}'];
  const { stdout } = await inspect('docker', args, { timeout: WAIT_MS }).catch((error: unknown) => {
    throw new RegistryProblem(reasonOf(error), { cause: error });
  });
  const digest = digestIn(stdout);
  if (digest === null) throw new RegistryProblem('docker tells no digest');
  return digest;
}

function digestIn(manifest: string): string | null {
  try {
    const { digest } = JSON.parse(manifest) as { digest?: unknown };
    return typeof digest === 'string' && isDigest(digest) ? digest : null;
  } catch {
    return null;
  }
}

function reasonOf(error: unknown): string {
  const { code, killed, stderr = '' } = error as { code?: unknown; killed?: boolean; stderr?: string };
  if (code === 'ENOENT') return 'there is no docker here';
  if (killed === true) return `no answer within ${WAIT_MS / 1000} s`;
  return stderr.trim().split('\n').at(-1) ?? 'docker ended without a word';
}
