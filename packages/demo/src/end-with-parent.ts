/**
 * Loaded into every supervised service (`node --import`). Its standard input is a pipe from the supervisor: when that
 * closes, the supervisor is gone, killed perhaps, and nobody else would stop the service.
 */
process.stdin.on('error', () => undefined);
process.stdin.once('close', () => process.kill(process.pid, 'SIGTERM'));
process.stdin.resume();
if ('unref' in process.stdin) process.stdin.unref();
