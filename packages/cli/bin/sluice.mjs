#!/usr/bin/env node
/** `sluice …`. Compiled, in `dist/`: on any Node of `engines`. In the repository: the sources, on the repository's own Node. */
import { existsSync } from 'node:fs';

const compiled = new URL('../src/sluice.js', import.meta.url);
if (existsSync(compiled)) {
  process.setSourceMapsEnabled(true);
  await import(compiled.href);
} else {
  process.argv.splice(2, 0, 'sluice');
  await import('../bootstrap.mjs');
}
