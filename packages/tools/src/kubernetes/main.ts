import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadHelm } from './helm.ts';
import { CHART, kustomizeFiles } from './kustomize-files.ts';

/** `npm run manifests`: writes the files of kustomize that are rendered from the chart. `test/conformance/kubernetes` fails when one is out of date. */

const ROOT = join(import.meta.dirname, '../../../..');

for (const [path, text] of kustomizeFiles(await loadHelm(join(ROOT, CHART)), ROOT)) {
  mkdirSync(dirname(join(ROOT, path)), { recursive: true });
  writeFileSync(join(ROOT, path), text);
}
