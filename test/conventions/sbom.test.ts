import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
}
interface Bom {
  readonly bomFormat: string;
  readonly components: readonly {
    readonly purl: string;
    readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  }[];
}

test('npm run sbom lists every package that users get, with the checksum of the lock file', () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, Locked>>;
  };
  const out = execFileSync('npm', ['run', '--silent', 'sbom'], { cwd: ROOT, encoding: 'utf8' });
  const bom = JSON.parse(out) as Bom;
  expect(bom.bomFormat).toBe('CycloneDX');
  const sums = new Map(
    bom.components.map(({ purl, hashes = [] }) => [decodeURIComponent(purl), hashes[0]?.content]),
  );
  const shipped = Object.entries(packages).filter(
    ([path, { dev, integrity }]) => path.includes('node_modules/') && dev !== true && integrity !== undefined,
  );
  expect(shipped.length).toBeGreaterThan(50);
  for (const [path, { version, integrity = '' }] of shipped) {
    const name = path.split('node_modules/').at(-1) ?? '';
    const sum = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex');
    expect([name, sums.get(`pkg:npm/${name}@${version}`)]).toEqual([name, sum]);
  }
});
