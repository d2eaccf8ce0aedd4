/** `npm run release`: see docs/releasing.md. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { run, stepsOf } from './artefacts.ts';
import { imagesOf } from '../pins/image-files.ts';
import { lookUp, remarkOf } from '../pins/pinned-images.ts';
import { ChangelogProblem, releaseNotes, withRelease } from './changelog.ts';
import { isVersion, setVersion, versionProblems } from './versions.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const CHANGELOG = 'CHANGELOG.md';
const USAGE = `usage: npm run release -- prepare VERSION      the version into every manifest, the date into ${CHANGELOG}
       npm run release -- VERSION [--dry-run] [--to FOLDER] [--registry REGISTRY]`;

const git = (...args: string[]): string => run(ROOT, 'git', args).trim();
const say = (line: string): void => console.log(line);

function prepare(version: string): void {
  const today = new Date().toISOString().slice(0, 10);
  const changelog = withRelease(readFileSync(join(ROOT, CHANGELOG), 'utf8'), version, today);
  setVersion(ROOT, version);
  run(ROOT, 'npm', [
    'install',
    '--package-lock-only',
    '--offline',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
  ]);
  writeFileSync(join(ROOT, CHANGELOG), changelog);
  say(`${version} is in every manifest, in package-lock.json, the chart and ${CHANGELOG}`);
  say('next: npm run generate, npm run manifests, a commit');
}

/** What keeps the commit from being released, a line each; the notes where nothing does. */
function check(version: string): { readonly problems: readonly string[]; readonly notes: string } {
  const problems = [...versionProblems(ROOT, version)];
  if (git('status', '--porcelain') !== '')
    problems.push('the working tree has changes that are in no commit');
  if (git('tag', '--list', tagOf(version)) !== '')
    problems.push(`the tag ${tagOf(version)} is there already`);
  try {
    return { problems, notes: releaseNotes(readFileSync(join(ROOT, CHANGELOG), 'utf8'), version) };
  } catch (error) {
    if (!(error instanceof ChangelogProblem)) throw error;
    return { problems: [...problems, error.message], notes: '' };
  }
}

const tagOf = (version: string): string => `v${version}`;

interface Asked {
  readonly isDry: boolean;
  readonly to: string | undefined;
  readonly registry: string | undefined;
}

/** Images of others are no problem of a release: who runs it may pin them. What is known of them is said. */
async function tellImages(): Promise<void> {
  const images = imagesOf(ROOT);
  const pinned = images.filter(({ digest }) => digest !== null);
  const unpinned = images.length - pinned.length;
  if (unpinned > 0) say(`${unpinned} of ${images.length} images are named by their tags alone: npm run pin`);
  for (const found of await lookUp(pinned)) {
    const remark = remarkOf(found);
    if (remark !== null) say(`image ${remark}`);
  }
}

/** The tag comes when all else is made, and before images that others can see: a release that fails leaves none behind. */
async function release(version: string, { isDry, to, registry }: Asked): Promise<boolean> {
  await tellImages();
  const { problems: found, notes } = check(version);
  const problems = [...found, ...remoteProblems(version)];
  if (registry !== undefined && !hasEngine())
    problems.push('--registry: docker with buildx does not answer here');
  for (const problem of problems) say(`not ready: ${problem}`);
  if (problems.length > 0) return false;
  const folder = resolve(to ?? join(ROOT, 'release', version));
  if (existsSync(folder)) {
    say(`not ready: ${folder} is there already: remove it, or name another by --to`);
    return false;
  }
  if (!isDry) mkdirSync(folder, { recursive: true });
  for (const { says, take } of stepsOf({ root: ROOT, version, folder, notes })) {
    say(`${isDry ? 'would make' : 'makes'} ${says}`);
    if (!isDry) take();
  }
  say(`${isDry ? 'would set' : 'sets'} the tag ${tagOf(version)} on ${git('rev-parse', 'HEAD')}`);
  if (!isDry)
    git('tag', '--annotate', '--cleanup=verbatim', '--file', join(folder, 'NOTES.md'), tagOf(version));
  try {
    images(version, registry, isDry);
  } catch (error) {
    git('tag', '--delete', tagOf(version));
    say(
      `the tag is taken back; some images may be in ${registry ?? ''}, and ${folder} stays: remove it before the next try`,
    );
    throw error;
  }
  if (isDry) return true;
  say(`${folder} has the release; nothing was published: git push origin ${tagOf(version)}`);
  return true;
}

/** What the remote `origin` knows; without one it is said that it was not asked. */
function remoteProblems(version: string): readonly string[] {
  if (!git('remote').split('\n').includes('origin')) {
    say('there is no remote origin: whether the tag is there already was not asked');
    return [];
  }
  const isTagged = git('ls-remote', '--tags', 'origin', tagOf(version)) !== '';
  const isThere = git('branch', '--remotes', '--contains', 'HEAD', '--list', 'origin/*') !== '';
  return [
    ...(isTagged ? [`origin has the tag ${tagOf(version)} already`] : []),
    ...(isThere ? [] : ['HEAD is on no branch of origin: push it first']),
  ];
}

/** Only where they have a place to go; whether they can be built was asked before anything was made. */
function images(version: string, registry: string | undefined, isDry: boolean): void {
  if (registry === undefined)
    return say('no images: no --registry; scripts/build.sh push VERSION REGISTRY makes them');
  say(`${isDry ? 'would push' : 'pushes'} images to ${registry}`);
  if (!isDry) run(ROOT, 'scripts/build.sh', ['push', version, registry]);
}

function hasEngine(): boolean {
  try {
    run(ROOT, 'docker', ['buildx', 'inspect']);
    return true;
  } catch {
    return false;
  }
}

async function main(args: readonly string[]): Promise<boolean> {
  const options = {
    'dry-run': { type: 'boolean' },
    to: { type: 'string' },
    registry: { type: 'string' },
  } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const isPreparation = positionals[0] === 'prepare';
  const [version, ...more] = isPreparation ? positionals.slice(1) : positionals;
  if (version === undefined || !isVersion(version) || more.length > 0) throw new TypeError(USAGE);
  if (!isPreparation)
    return release(version, { isDry: values['dry-run'] === true, to: values.to, registry: values.registry });
  if (Object.keys(values).length > 0) throw new TypeError(USAGE);
  prepare(version);
  return true;
}

try {
  process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof TypeError ? 2 : 1;
}
