import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseImageName, type ImageName } from './image-name.ts';

/** Where images of others are named: what is built, run on one machine, and tried in a cluster. */
const FILES = ['infra/docker/Dockerfile', 'docker-compose*.yml', 'infra/kubernetes/try/*.yaml'];
/** What stands in front of a name, and what may follow it. */
const NAMED = /^(\s*(?:-\s+)?image:\s*|FROM\s+)(\S+)(.*)$/gm;

/** An image of others, and the files that name it so. */
export interface NamedImage extends ImageName {
  readonly files: readonly string[];
}

/** Those of a text; names of our own images, of stages and with variables in them are none. */
export function imagesIn(text: string): readonly ImageName[] {
  return [...text.matchAll(NAMED)].flatMap(([, , name = '']) => {
    const image = parseImageName(name);
    return image === null || isOwn(image) ? [] : [image];
  });
}

/** The text with the digests of the images, behind their tags. @param digests by the names without them */
export function withDigests(text: string, digests: ReadonlyMap<string, string>): string {
  return text.replaceAll(NAMED, (line: string, before: string, name: string, after: string) => {
    const image = parseImageName(name);
    const digest = image === null || isOwn(image) ? undefined : digests.get(image.text);
    return digest === undefined ? line : `${before}${name.split('@')[0]}@${digest}${after}`;
  });
}

const isOwn = ({ repository }: ImageName): boolean => /(?:^|\/)sluice-[a-z-]+$/.test(repository);

/** Images of the repository, by name; one that stands there with several digests comes with each. */
export function imagesOf(root: string): readonly NamedImage[] {
  const found = new Map<string, { readonly image: ImageName; readonly files: Set<string> }>();
  for (const file of imageFiles(root))
    for (const image of imagesIn(readFileSync(join(root, file), 'utf8'))) {
      const key = `${image.text}@${image.digest ?? ''}`;
      const known = found.get(key) ?? { image, files: new Set() };
      known.files.add(file);
      found.set(key, known);
    }
  return [...found]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([, { image, files }]) => ({ ...image, files: [...files] }));
}

/** Writes the digests into all files. Resolves to those that have changed. */
export function writeDigests(root: string, digests: ReadonlyMap<string, string>): readonly string[] {
  return imageFiles(root).filter((file) => {
    const path = join(root, file);
    const before = readFileSync(path, 'utf8');
    const after = withDigests(before, digests);
    if (after !== before) writeFileSync(path, after);
    return after !== before;
  });
}

function imageFiles(root: string): readonly string[] {
  return globSync(FILES, { cwd: root }).toSorted();
}
