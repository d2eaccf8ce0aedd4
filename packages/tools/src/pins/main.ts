/** `npm run pin`: see docs/releasing.md. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { imagesOf, writeDigests } from './image-files.ts';
import { lookUp, remarkOf } from './pinned-images.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const USAGE = 'usage: npm run pin [-- --check]';

async function main(args: readonly string[]): Promise<boolean> {
  const options = { check: { type: 'boolean' } } as const;
  const { check = false } = parseArgs({ args: [...args], options }).values;
  const found = await lookUp(imagesOf(ROOT));
  const unknown = found.filter(({ problem }) => problem !== null);
  const remarks = (check ? found : unknown).map(remarkOf).filter((remark) => remark !== null);
  for (const remark of remarks) console.log(remark);
  if (check) {
    console.log(`${found.length - remarks.length} of ${found.length} images have the digest of their tag`);
    return remarks.length === 0;
  }
  const digests = new Map(
    found.flatMap(({ image, digest }) => (digest === null ? [] : [[image.text, digest]])),
  );
  for (const file of writeDigests(ROOT, digests)) console.log(`${file}: written`);
  console.log(`${digests.size} images are named by their digests`);
  return unknown.length === 0;
}

try {
  process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
} catch (error) {
  const isUse = error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  console.error(isUse ? USAGE : error);
  process.exitCode = isUse ? 2 : 1;
}
