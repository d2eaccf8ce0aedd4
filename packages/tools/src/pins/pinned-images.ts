import type { NamedImage } from './image-files.ts';
import { digestOf, RegistryProblem } from './registry.ts';

/** What a registry says of an image. */
export interface LookedUp {
  readonly image: NamedImage;
  /** That its tag has now; null where the registry has not told it. */
  readonly digest: string | null;
  /** Why it has not; null where it has. */
  readonly problem: string | null;
}

/** Asks for all of them at once; each name once. */
export async function lookUp(images: readonly NamedImage[]): Promise<readonly LookedUp[]> {
  const asked = new Map<string, Promise<Omit<LookedUp, 'image'>>>();
  const told = images.map(async (image) => {
    const answer = asked.get(image.text) ?? answerFor(image);
    asked.set(image.text, answer);
    return { image, ...(await answer) };
  });
  return Promise.all(told);
}

async function answerFor(image: NamedImage): Promise<Omit<LookedUp, 'image'>> {
  try {
    return { digest: await digestOf(image), problem: null };
  } catch (error) {
    if (!(error instanceof RegistryProblem)) throw error;
    return { digest: null, problem: error.message };
  }
}

/** In a line: what is to be done about an image; null for one whose digest is the one that the tag has now. */
export function remarkOf({
  image: { text, digest: pinned, files },
  digest,
  problem,
}: LookedUp): string | null {
  const where = `${text} (${files.join(', ')})`;
  if (problem !== null) return `${where}: not looked up, ${problem}`;
  if (pinned === null) return `${where}: named by its tag alone, which has ${digest} now`;
  return pinned === digest ? null : `${where}: stale, the tag has ${digest} now`;
}
