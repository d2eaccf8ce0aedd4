export interface DebianMirror {
  /** As written in the machine's apt configuration: http(s)://…, mirror+file:…, file:… */
  readonly uri: string;
  /** Key ring file, or null for apt's own trusted keys. */
  readonly signedBy: string | null;
}

interface Entry {
  readonly uri: string;
  readonly suite: string;
  readonly signedBy: string | null;
}

/** Only a mirror of the main archive has every suite below one address; the security archive has not. */
const MAIN_ARCHIVE_SUITE =
  /^(oldoldstable|oldstable|stable|testing|unstable|sid|bullseye|bookworm|trixie|forky|duke)(-updates)?$/;

/**
 * The Debian mirror this machine already uses, from the text of its apt source files
 * (sources.list(5): one-line `*.list` and deb822 `*.sources`). Null when there is none.
 */
export function findDebianMirror(files: readonly { name: string; text: string }[]): DebianMirror | null {
  for (const file of files) {
    const entries = file.name.endsWith('.sources') ? deb822Entries(file.text) : oneLineEntries(file.text);
    const found = entries.find((entry) => MAIN_ARCHIVE_SUITE.test(entry.suite));
    if (found !== undefined) return { uri: found.uri, signedBy: found.signedBy };
  }
  return null;
}

function oneLineEntries(text: string): Entry[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)/.exec(line);
    if (match === null) return [];
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(match[1] ?? '')?.[1];
    return [{ uri: match[2] ?? '', suite: match[3] ?? '', signedBy: keyRing(signedBy) }];
  });
}

function deb822Entries(text: string): Entry[] {
  const stanzas = text.replaceAll(/^#.*\n?/gm, '').split(/\n\s*\n/);
  return stanzas.flatMap((stanza) => {
    const fields = deb822Fields(stanza);
    if (!words(fields.get('types')).includes('deb') || fields.get('enabled') === 'no') return [];
    const uri = words(fields.get('uris'))[0];
    if (uri === undefined) return [];
    const signedBy = keyRing(fields.get('signed-by'));
    return words(fields.get('suites')).map((suite) => ({ uri, suite, signedBy }));
  });
}

function deb822Fields(stanza: string): Map<string, string> {
  const fields = new Map<string, string>();
  let name = '';
  for (const line of stanza.split('\n')) {
    const start = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
    if (start !== null) {
      name = (start[1] ?? '').toLowerCase();
      fields.set(name, (start[2] ?? '').trim());
    } else if (/^\s/.test(line)) {
      fields.set(name, `${fields.get(name) ?? ''} ${line.trim()}`.trim());
    }
  }
  return fields;
}

function words(value: string | undefined): string[] {
  return (value ?? '').split(/\s+/).filter((word) => word !== '');
}

/** Signed-By may also hold a key's text or a fingerprint; apt's trusted keys have to do then. */
function keyRing(value: string | undefined): string | null {
  return value?.startsWith('/') ? (value.split(/[\s,]/)[0] ?? null) : null;
}
