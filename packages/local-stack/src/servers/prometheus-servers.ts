import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { installDebian } from '../install/debian-packages.ts';
import { cachedFolder } from '../install/program-cache.ts';
import { debianCommand } from '../install/unpacked-program.ts';
import type { ServerDefinition, ServerRun } from './server.ts';

/** Prometheus with `promtool`, Alertmanager with `amtool`: one folder of the cache. */
export const PROMETHEUS_TREE = {
  key: 'prometheus-bookworm',
  suite: 'bookworm',
  packages: ['prometheus', 'prometheus-alertmanager'],
} as const;

const ANSWER_TIMEOUT_MS = 3_000;
/** Without `--config.file` among the flags: nothing to scrape, nobody to tell. */
const EMPTY_CONFIG = {
  prometheus: 'scrape_configs: []\n',
  alertmanager: 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n',
};

const base: Pick<ServerDefinition, 'install' | 'answers'> = {
  install: async (context) => ({
    program: await cachedFolder(PROMETHEUS_TREE.key, context, (folder, installer) => {
      context.progress('prometheus: downloading (Debian bookworm, about 100 MB)');
      return installDebian(PROMETHEUS_TREE, folder, installer);
    }),
    template: null,
  }),
  answers: async (host, port) => {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const answer = await fetch(`http://${host}:${port}/-/ready`, { signal }).catch(() => null);
    await answer?.body?.cancel();
    return answer?.ok === true;
  },
};

export const PROMETHEUS: ServerDefinition = {
  ...base,
  title: 'Prometheus',
  prepare: async (run) => {
    const config = await emptyConfig('prometheus', run);
    const args = [config, `--storage.tsdb.path=${join(run.folder, 'data')}`, '--web.enable-lifecycle'];
    return launch('usr/bin/prometheus', run, args);
  },
};

export const ALERTMANAGER: ServerDefinition = {
  ...base,
  title: 'Alertmanager',
  prepare: async (run) => {
    const config = await emptyConfig('alertmanager', run);
    // Alone: without the port by which several of them agree.
    const args = [config, `--storage.path=${join(run.folder, 'data')}`, '--cluster.listen-address='];
    const program = relative(run.program, await relocated(run));
    return { ...launch(program, run, args), cwd: run.program };
  },
};

async function emptyConfig(name: keyof typeof EMPTY_CONFIG, run: ServerRun): Promise<string> {
  const file = join(run.folder, 'empty.yml');
  await writeFile(file, EMPTY_CONFIG[name]);
  return `--config.file=${file}`;
}

/** A flag may be given once: the user’s takes the place of ours. */
function launch(program: string, run: ServerRun, args: readonly string[]) {
  const listen = `--web.listen-address=127.0.0.1:${run.port}`;
  const given = new Set(run.flags.map((flag) => flag.split('=')[0]));
  const own = [...args, listen].filter((arg) => !given.has(arg.split('=')[0]));
  return {
    ...debianCommand(run.program, program, [...own, ...run.flags]),
    env: {},
    cwd: run.folder,
  };
}

/**
 * Debian's Alertmanager opens its templates at one place of the machine, where an unpacked tree is not: a copy that opens the same
 * path from its working directory, the tree.
 */
async function relocated(run: ServerRun): Promise<string> {
  const original = await readFile(join(run.program, 'usr/bin/prometheus-alertmanager'));
  const absolute = Buffer.from('/usr/share/prometheus/alertmanager');
  const fromTree = Buffer.from('usr//share/prometheus/alertmanager');
  for (let at = original.indexOf(absolute); at !== -1; at = original.indexOf(absolute, at + 1))
    fromTree.copy(original, at);
  const file = join(run.folder, 'alertmanager');
  await writeFile(file, original, { mode: 0o755 });
  return file;
}
