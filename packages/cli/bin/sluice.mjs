#!/usr/bin/env node
/** `sluice …`. Compiled, in `dist/`: on any Node of `engines`. In the repository: the sources, on the repository's own Node. */
import { existsSync } from 'node:fs';

if (existsSync(new URL('../src/sluice.js', import.meta.url))) {
  process.setSourceMapsEnabled(true);
  await import('../src/sluice.js');
} else {
  process.argv.splice(2, 0, 'sluice');
  await import('../bootstrap.mjs');
}
