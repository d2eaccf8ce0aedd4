/**
 * Loaded into every service a test starts (`node --import`). Its standard input is a pipe from the test process: when
 * that closes, the test is gone, killed perhaps, and nobody else would end the service.
 */
process.stdin.on('error', () => undefined);
process.stdin.once('close', () => process.kill(process.pid, 'SIGKILL'));
process.stdin.resume();
if ('unref' in process.stdin) process.stdin.unref();
