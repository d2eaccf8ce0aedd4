/**
 * Loaded into every service that `startService` starts (`node --import`). Its standard input is a pipe from whoever started it: when
 * that closes, they are gone, killed perhaps, and nobody else would end the service. The signal is behind the `?` of this module's URL.
 */
const signal = new URL(import.meta.url).search.slice(1);
process.stdin.on('error', () => undefined);
process.stdin.once('close', () => process.kill(process.pid, signal));
process.stdin.resume();
if ('unref' in process.stdin) process.stdin.unref();
