import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { alterUserScramCredentialsV0, Connection, ScramMechanisms } from '@platformatic/kafka';

const ITERATIONS = 4096;

/** Users of SCRAM-SHA-512, by a broker at which an administrator needs no login. */
export async function addScramUsers(
  broker: string,
  names: readonly string[],
  password: string,
): Promise<void> {
  const users = names.map((name) => {
    const salt = randomBytes(16);
    // RFC 5802: SaltedPassword := Hi(password, salt, i), which is PBKDF2.
    const saltedPassword = pbkdf2Sync(password, salt, ITERATIONS, 64, 'sha512');
    return { name, mechanism: ScramMechanisms.SCRAM_SHA_512, iterations: ITERATIONS, salt, saltedPassword };
  });
  const connection = new Connection('sluice-test');
  const [host = '', port = ''] = broker.split(':');
  await connection.connect(host, Number(port));
  try {
    await alterUserScramCredentialsV0.api.async(connection, [], users);
  } finally {
    await connection.close();
  }
}
