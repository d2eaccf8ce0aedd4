#!/usr/bin/env node
/** `npx sluice …`: the same as `npm run sluice -- …`, whatever Node the machine has. */
process.argv.splice(2, 0, 'sluice');
await import('../bootstrap.mjs');
