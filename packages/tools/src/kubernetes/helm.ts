import { cpSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import koffi from 'koffi';
import { helmLibrary } from '@sluice/local-stack';

export interface Rendering {
  /** Files, the later ones over the earlier. */
  readonly values: readonly string[];
  readonly release: string;
  readonly namespace: string;
}

/** Without a cluster Helm takes a chart for one of this version. */
const KUBERNETES = '1.34.0';

/** `struct TemplateOptions` of the library's `.h` file, in its order; an int is 0 or 1. */
const TEMPLATE_OPTIONS = {
  name: 'str',
  version: 'str',
  chart: 'str',
  namespace: 'str',
  kubeVersion: 'str',
  dependencyUpdate: 'int',
  skipCRDs: 'int',
  values: 'str',
  setFiles: 'str',
  valuesFiles: 'str',
  certFile: 'str',
  keyFile: 'str',
  caFile: 'str',
  insecureSkipTlsVerify: 'int',
  plainHttp: 'int',
  keyring: 'str',
  debug: 'int',
  repositoryConfig: 'str',
};

interface Result {
  readonly out: string | null;
  readonly err: string | null;
}

/** What `helm template` prints. Throws with Helm's own words when the chart or the values are wrong. */
export type HelmTemplate = (rendering: Rendering) => string;

/** Helm itself, in this process, for the chart in a folder; downloaded the first time. Throws STACK_TOOL_MISSING, STACK_DOWNLOAD_FAILED. */
export async function loadHelm(folder: string): Promise<HelmTemplate> {
  const chart = withoutLinks(folder);
  const library = koffi.load(await helmLibrary());
  const result = koffi.struct({ out: 'str', err: 'str', stdOut: 'str', stdErr: 'str' });
  const options = koffi.pointer(koffi.struct(TEMPLATE_OPTIONS));
  const template = library.func('Template', result, [options]) as (given: Record<string, string>) => Result;
  return ({ values, release, namespace }) => {
    const valuesFiles = values.join(',');
    const { out, err } = template({ chart, namespace, name: release, kubeVersion: KUBERNETES, valuesFiles });
    if (err !== null && err !== '') throw new Error(err);
    return out ?? '';
  };
}

/** A copy for this process: Helm warns of every link of a chart, whenever it reads it. */
function withoutLinks(chart: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'sluice-chart-'));
  process.once('exit', () => rmSync(copy, { recursive: true, force: true }));
  const links = readdirSync(chart, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name));
  cpSync(chart, copy, { recursive: true, filter: (path) => !links.includes(path) });
  for (const link of links)
    cpSync(realpathSync(link), join(copy, relative(chart, link)), { recursive: true });
  return copy;
}
