/** `main.ts [servers…] [--json FILE] [--mariadb 10.11|11.8]`: a stack to work with, until Ctrl-C. */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { EXIT } from '@sluice/runtime';
import { stackAddresses } from './addresses.ts';
import { SERVER_NAMES, type ServerName } from './servers/server.ts';
import { startStack } from './start-stack.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' }, mariadb: { type: 'string', default: '10.11' } },
});

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());

const unknown = positionals.filter((name) => !SERVER_NAMES.includes(name as ServerName));
if (unknown.length > 0) {
  console.error(`unknown server ${unknown.join(', ')}; there are ${SERVER_NAMES.join(', ')}`);
  process.exit(EXIT.configuration);
}
const { mariadb } = values;
if (mariadb !== '10.11' && mariadb !== '11.8') {
  console.error(`MariaDB ${mariadb} is not offered; there are 10.11 and 11.8`);
  process.exit(EXIT.configuration);
}
const servers = positionals.length > 0 ? (positionals as ServerName[]) : SERVER_NAMES;

try {
  const stack = await startStack({
    servers,
    mariadbVersion: mariadb,
    onProgress: (line) => console.error(line),
    signal: stop.signal,
  });
  const addresses = `${JSON.stringify(stackAddresses(stack, servers), null, 2)}\n`;
  if (values.json !== undefined) await writeFile(values.json, addresses);
  process.stdout.write(addresses);
  const keepAlive = setInterval(() => undefined, 1 << 30);
  if (!stop.signal.aborted) await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
  clearInterval(keepAlive);
  await stack.stop();
} catch (error) {
  if (!stop.signal.aborted) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = EXIT.fatal;
  }
}
