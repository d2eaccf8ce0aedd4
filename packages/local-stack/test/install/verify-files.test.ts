import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { CHECKSUMS } from '../../src/install/checksums.ts';
import { verifyFiles } from '../../src/install/verify-files.ts';
import { ELASTICSEARCH_VERSION } from '../../src/servers/elasticsearch-server.ts';
import { KAFKA_VERSION } from '../../src/servers/kafka-server.ts';

const folder = await mkdtemp(join(tmpdir(), 'sluice-sums-'));
afterAll(() => rm(folder, { recursive: true }));
const sum = createHash('sha256').update('good').digest('hex');

test('only files of known content are let through', async () => {
  await expect(verifyFiles(folder, '.jar', {})).rejects.toThrow('no .jar file came');
  await writeFile(join(folder, 'a.jar'), 'good');
  await writeFile(join(folder, 'pom.xml'), 'anything');
  await verifyFiles(folder, '.jar', { 'a.jar': sum, 'not-here.jar': sum });
  await expect(verifyFiles(folder, '.jar', { 'b.jar': sum })).rejects.toMatchObject({
    code: 'STACK_DOWNLOAD_FAILED',
    message: expect.stringContaining('a.jar is not among the checksums') as string,
  });
  await writeFile(join(folder, 'a.jar'), 'goof');
  await expect(verifyFiles(folder, '.jar', { 'a.jar': sum })).rejects.toThrow(`not ${sum}`);
  await rm(join(folder, 'a.jar'));
  await writeFile(join(folder, 'constructor.jar'), 'x');
  await expect(verifyFiles(folder, '.jar', {})).rejects.toThrow('constructor.jar is not among');
});

test('the versions that are started have their sums', () => {
  expect(CHECKSUMS).toHaveProperty([`kafka_2.13-${KAFKA_VERSION}.jar`]);
  expect(CHECKSUMS).toHaveProperty([`elasticsearch-${ELASTICSEARCH_VERSION}.zip`]);
});
