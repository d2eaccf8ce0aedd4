import { globSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseSource } from './source-file.ts';
import { readText, repositoryRoot, typescriptFiles } from './workspaces.ts';

/** Names that the sources had for what the field has a word for, and that word. */
const names: Readonly<Record<string, string>> = {
  Incarnation: 'CaptureSession',
  SnapshotDesk: 'SnapshotController',
  LetterDesk: 'DeadLetterAdmin',
  LetterOffice: 'DeadLetterManager',
  Graveyard: 'DeadLetterProducer',
  mayBury: 'maySendDeadLetter',
  SnapshotBook: 'SnapshotJobStore',
  ColumnBook: 'ColumnCatalog',
  BookServer: 'ServerFlavour',
  OwedTables: 'PendingSnapshots',
  NewTables: 'TableDiscovery',
  Treatment: 'TablePublication',
  AS_IT_IS: 'PUBLISH_AS_IS',
  TableShape: 'TableSchema',
  MapShapes: 'MapSchemas',
  LeftAlone: 'UncapturedTables',
  ControlPoint: 'SourceInfo',
  Announcement: 'SchemaChangeContext',
  LostWrites: 'WriteMarkers',
  SeenShapes: 'SchemaBarrier',
  SnapshotEnds: 'SnapshotBarrier',
  Diversion: 'DeadLetterRate',
  GtidStanding: 'GtidCoverage',
  kafkaTrouble: 'kafkaError',
  untilItWorks: 'retryUntilReady',
  FAREWELL: 'SHUTDOWN_TIMEOUT',
  lastWords: 'logTail',
};

/** Words that a reader has to read twice, and what to write. */
const phrases: Readonly<Record<string, string>> = {
  'left alone': 'not captured, or what it is',
  anew: 'again',
  'in vain': 'failed',
  'once more': 'again',
  'hears of': 'is told',
  'sees to': 'handles',
  'goes on': 'continues',
  'is no more': 'no longer exists',
  mend: 'fix',
  mends: 'fixes',
  mended: 'fixed',
};

/** What users read; the pages about faults and the changes keep the titles and words that they had. */
const pages = globSync(['*.md', 'docs/*.md', 'infra/*.md', '{packages,services}/*/README.md'], {
  cwd: repositoryRoot,
}).filter((path) => !/(?:CHANGELOG|docs\/faults)\.md$/.test(path));

/** Comments that whoever changes the project reads. */
const commented = ['packages', 'services/capture']
  .flatMap((folder) => typescriptFiles(folder))
  .filter((path) => path.includes('/src/'));

const sources = ['packages', 'services', 'test'].flatMap((folder) => typescriptFiles(folder));

test.each(Object.entries(names))('%s is called %s', (name) => {
  const found = sources.filter(
    (path) => !path.endsWith('words.test.ts') && new RegExp(`(?<![A-Z_])${name}`).test(readText(path)),
  );
  expect(found).toEqual([]);
});

test.each(Object.entries(phrases))('pages do not say "%s": %s', (phrase) => {
  const pattern = new RegExp(`\\b${phrase}\\b`, 'i');
  const found = pages.flatMap((path) =>
    readText(path)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : [])),
  );
  expect(found).toEqual([]);
});

test.each(Object.entries(phrases))('comments do not say "%s": %s', (phrase) => {
  const pattern = new RegExp(`\\b${phrase}\\b`, 'i');
  const found = commented.flatMap((path) =>
    parseSource(path)
      .comments.filter(({ text }) => pattern.test(text))
      .map(({ line }) => `${path}:${line}`),
  );
  expect(found).toEqual([]);
});
