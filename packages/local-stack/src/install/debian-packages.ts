import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '@sluice/runtime';
import { dyingWithParent } from '../die-with-parent.ts';
import { isInstalled, lastLines, runProgram } from '../run-program.ts';
import { type DebianMirror, findDebianMirror } from './apt-sources.ts';
import { DOWNLOAD_TIMEOUT_MS, type Installer } from './program-cache.ts';

export interface DebianProgram {
  readonly suite: 'sid' | 'bookworm';
  readonly packages: readonly string[];
  /** Without what they depend on: for the files in them, not for their programs. */
  readonly alone?: boolean;
}

const DEFAULT_KEY_RING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Downloads the packages with everything they depend on (the host's own libraries are not used: they may be
 * older) and unpacks them below `folder`. apt checks each file against the archive's signed index.
 * Needs no root and leaves the machine's own package state alone.
 */
export async function installDebian(
  program: DebianProgram,
  folder: string,
  installer: Installer,
): Promise<void> {
  for (const tool of ['apt-get', 'dpkg']) {
    if (!isInstalled(tool, installer.env)) throw notDebian(`\`${tool}\` is not installed`);
  }
  const mirror = await machineMirror();
  const state = join(installer.temporary, 'apt');
  const options = await aptState(state, mirror, program.suite);
  await apt([...options, 'update'], installer);
  const archives = join(state, 'cache/archives');
  const verb = program.alone === true ? ['download'] : ['-y', '--download-only', 'install'];
  await apt([...options, ...verb, ...program.packages], installer, archives);
  for (const file of await readdir(archives)) {
    if (!file.endsWith('.deb')) continue;
    const result = await runProgram('dpkg', ['-x', join(archives, file), folder], {
      signal: installer.signal,
    });
    if (!result.ok) throw downloadFailed(`dpkg could not unpack ${file}`, result.output);
  }
  for (const unused of ['doc', 'man', 'info', 'locale', 'lintian', 'perl']) {
    await rm(join(folder, 'usr/share', unused), { recursive: true, force: true });
  }
}

/** @param cwd where `download` puts its files */
async function apt(args: readonly string[], installer: Installer, cwd?: string): Promise<void> {
  const program = dyingWithParent('apt-get', ['-q', ...args], installer.env);
  const result = await runProgram(program.command, program.args, {
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...installer.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    signal: installer.signal,
  });
  if (!result.ok) throw downloadFailed('apt-get failed', result.output);
}

/** An apt state of its own: with no package installed, so that every dependency is downloaded. */
async function aptState(state: string, mirror: DebianMirror, suite: string): Promise<string[]> {
  await mkdir(join(state, 'lists/partial'), { recursive: true });
  await mkdir(join(state, 'cache/archives/partial'), { recursive: true });
  await writeFile(join(state, 'status'), '');
  const signedBy = mirror.signedBy === null ? '' : `signed-by=${mirror.signedBy} `;
  const source = `deb [${signedBy}target=Packages] ${mirror.uri} ${suite} main\n`;
  await writeFile(join(state, 'sources.list'), source);
  const settings = {
    'Dir::State': state,
    'Dir::State::status': join(state, 'status'),
    'Dir::State::lists': join(state, 'lists'),
    'Dir::Cache': join(state, 'cache'),
    'Dir::Etc::sourcelist': join(state, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    // A mirror may be a frozen copy whose Release file is past its date; its signature is still checked.
    'Acquire::Check-Valid-Until': 'false',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
    'APT::Sandbox::User': '',
    'APT::Install-Recommends': 'false',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

async function machineMirror(): Promise<DebianMirror> {
  const parts = '/etc/apt/sources.list.d';
  const names = await readdir(parts).catch(() => []);
  const paths = names.filter((name) => /\.(list|sources)$/.test(name)).map((name) => join(parts, name));
  const files = await Promise.all(
    ['/etc/apt/sources.list', ...paths].map(async (name) => ({
      name,
      text: await readFile(name, 'utf8').catch(() => ''),
    })),
  );
  const mirror = findDebianMirror(files);
  if (mirror === null) throw notDebian('/etc/apt names no Debian mirror');
  if (mirror.signedBy !== null) return mirror;
  const hasKeyRing = await readFile(DEFAULT_KEY_RING).then(
    () => true,
    () => false,
  );
  return { uri: mirror.uri, signedBy: hasKeyRing ? DEFAULT_KEY_RING : null };
}

function notDebian(reason: string): PipelineError {
  return new PipelineError('STACK_TOOL_MISSING', `${reason}: servers are unpacked from Debian's packages`);
}

function downloadFailed(reason: string, output: string): PipelineError {
  return new PipelineError('STACK_DOWNLOAD_FAILED', `${reason}: ${lastLines(output, 5)}`);
}
