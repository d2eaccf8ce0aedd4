import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseConfig } from '../../src/config/load.ts';
import { redactedConfig } from '../../src/config/secrets.ts';
import {
  ChangingSecret,
  loginRefused,
  loginTaken,
  readSecret,
  secretText,
} from '../../src/config/secret-text.ts';
import { parseSection } from '../../src/config/section.ts';

const folder = await mkdtemp(join(tmpdir(), 'sluice-secret-'));
afterAll(() => rm(folder, { recursive: true }));
const file = join(folder, 'password');
await writeFile(file, 'one\n');

const configOf = (password: string, sink = '{}', env = {}) =>
  parseConfig(
    `
pipeline: shop
source: { host: db, user: cdc, password: "${password}", tables: ['shop.*'] }
kafka: { brokers: ['127.0.0.1:9092'] }
sinks: { own: ${sink} }
`,
    env,
  );

test('a file and a command are read anew, a text and a variable are what they were', async () => {
  const [byFile, byCommand] = [`\${file:${file}}`, `\${command:sh -c 'cat ${file}'}`].map(
    (text) => configOf(text).source.password,
  );
  expect(await readSecret(byFile ?? '')).toBe('one');
  await writeFile(file, 'two\n');
  for (const secret of [byFile, byCommand]) expect(await readSecret(secret ?? '')).toBe('two');
  expect(configOf(`x\${file:${file}}`).source.password).toBe('xtwo');
  expect(configOf('${NAME}', '{}', { NAME: 'three' }).source.password).toBe('three');
});

test('what gives no secret is an error that names the setting, and nothing that was read', async () => {
  const secret = configOf("${command:sh -c 'echo hunter2; exit 3' hunter3}").source.password;
  await expect(readSecret(secret)).rejects.toMatchObject({
    code: 'SECRET_UNAVAILABLE',
    message: 'source.password: the command sh gave no secret: exit code 3',
  });
  const gone = configOf(`\${file:${file}}`).source.password;
  await rm(file);
  const error: unknown = await readSecret(gone).catch((caught: unknown) => caught);
  await writeFile(file, 'two\n');
  expect(error).toMatchObject({ message: `source.password: the file ${file} gave no secret: ENOENT` });
});

test('a login that is refused is to be tried again for two minutes, if the secret was taken before', () => {
  const refusal = new Error('access denied');
  const secret = configOf(`\${file:${file}}`).source.password;
  expect(loginRefused(secret, refusal)).toBe(refusal);
  loginTaken(secret);
  expect(loginRefused(secret, refusal)).toMatchObject({
    code: 'SECRET_REFUSED',
    errorClass: 'retryable',
    cause: refusal,
    context: { setting: 'source.password' },
  });
  if (!(secret instanceof ChangingSecret)) throw new Error('no secret that changes');
  secret.taken();
  expect([1, 120_000, 120_001, 500_000].map((now) => secret.mayBeTakenAgain(now))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  secret.taken();
  expect(secret.mayBeTakenAgain(500_001)).toBe(true);
  loginTaken('text');
  expect(loginRefused('text', refusal)).toBe(refusal);
});

describe('the section of a sink', () => {
  const own = `{ password: "\${file:${file}}", auth: { apiKey: "\${file:${file}}" }, name: "\${file:${file}}", extra: { token: "\${file:${file}}" } }`;
  const read = async (schema: z.ZodType<Record<string, unknown>>): Promise<string> =>
    JSON.stringify(parseSection(configOf('x', own), ['sinks', 'own'], schema));

  test('of a schema that knows no changing secrets has what the files hold', async () => {
    const text = z.string();
    const schema = z.strictObject({
      password: text,
      auth: z.union([z.strictObject({ user: text }), z.strictObject({ apiKey: text })]),
      name: text,
      extra: z.record(text, text),
    });
    expect(await read(schema)).toBe(
      '{"password":"two","auth":{"apiKey":"two"},"name":"two","extra":{"token":"two"}}',
    );
  });

  test('of one that does has no value in it', async () => {
    const secret = secretText('');
    const schema = z.looseObject({
      password: secret.optional(),
      auth: z.union([z.strictObject({ user: secret }), z.strictObject({ apiKey: secret })]),
    });
    expect(await read(schema)).toContain('"password":"***","auth":{"apiKey":"***"},"name":"two"');
  });

  test('is printed without secrets', () => {
    expect(redactedConfig(configOf(`\${file:${file}}`, own))).toMatchObject({
      source: { password: '***' },
      sinks: { own: { password: '***', auth: { apiKey: '***' }, name: 'two', extra: { token: '***' } } },
    });
  });
});

test.each([
  ['${file:/no/such/file}', 'source.password: found "${file:/no/such/file}"; make the file readable'],
  ['${command:}', 'write ${command:PROGRAM ARGUMENTS}, and close each quote'],
  ["${command:sh -c 'x}", 'write ${command:PROGRAM ARGUMENTS}, and close each quote'],
  ['x${command:date}', 'a command can only be the whole of a password'],
])('%s is refused', (text, message) => {
  expect(() => configOf(text)).toThrow(message.split(' found')[0]);
  expect(() => configOf(text)).toThrow(message.split('; ').at(-1));
});

test('a command where none is known to be run is refused', () => {
  const config = configOf('x', '{ password: "${command:date}" }');
  const schema = z.strictObject({ password: z.string() });
  expect(() => parseSection(config, ['sinks', 'own'], schema)).toThrow(
    'sinks.own.password: takes no command: write ${file:/path} or ${NAME}',
  );
});
