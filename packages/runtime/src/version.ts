import { createRequire } from 'node:module';

/** Version of Sluice, as its packages carry it: goes into envelopes, `cdc_build_info` and the start line. */
export const VERSION: string = readVersion();

function readVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('../package.json');
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  if (!isManifest || typeof manifest.version !== 'string') throw new Error('package.json has no version');
  return manifest.version;
}
