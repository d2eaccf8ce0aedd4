import { connect } from 'node:tls';

const TIMEOUT_MS = 2_000;

/** Whether a server there completes a TLS handshake within 2 s, whoever it is. */
export function speaksTls(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, rejectUnauthorized: false, timeout: TIMEOUT_MS });
    const finish = (answer: boolean): void => {
      resolve(answer);
      socket.destroy();
    };
    socket.on('secureConnect', () => finish(true));
    socket.on('error', () => finish(false));
    socket.on('timeout', () => finish(false));
    socket.on('close', () => finish(false));
  });
}
