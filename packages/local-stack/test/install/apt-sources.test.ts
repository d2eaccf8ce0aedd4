import { describe, expect, test } from 'vitest';
import { findDebianMirror } from '../../src/install/apt-sources.ts';

const find = (name: string, text: string) => findDebianMirror([{ name, text }]);

describe('deb822 sources', () => {
  test('give address and key ring of the main archive', () => {
    const text = `Types: deb deb-src
# http://comment.invalid/debian
URIs: http://mirror.invalid/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`;
    expect(find('debian.sources', text)).toEqual({
      uri: 'http://mirror.invalid/debian',
      signedBy: '/usr/share/keyrings/debian-archive-keyring.gpg',
    });
  });

  test('are passed over when they are the security archive, disabled, or sources only', () => {
    const text = `Types: deb
URIs: http://security.invalid/debian-security
Suites: bookworm-security

Enabled: no
Types: deb
URIs: http://disabled.invalid/debian
Suites: trixie

Types: deb-src
URIs: http://sources.invalid/debian
Suites: trixie

types: deb
uris: mirror+file:/etc/apt/mirrors/debian.list
suites:
 trixie
`;
    expect(find('debian.sources', text)).toEqual({
      uri: 'mirror+file:/etc/apt/mirrors/debian.list',
      signedBy: null,
    });
  });

  test('with a key written in the file leave the choice of keys to apt', () => {
    const text = `Types: deb
URIs: http://mirror.invalid/debian
Suites: sid
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBGPL0BUBEADmW5NdOOHwPIJlgPu6JDcKw/NZJPR8lsD3K87ZM18gzyQZJD+w
`;
    expect(find('debian.sources', text)?.signedBy).toBeNull();
  });
});

describe('one-line sources', () => {
  test('with and without options', () => {
    expect(find('sources.list', 'deb http://mirror.invalid/debian stable main contrib\n')).toEqual({
      uri: 'http://mirror.invalid/debian',
      signedBy: null,
    });
    const text =
      'deb [ arch=amd64 signed-by=/etc/keys/debian.gpg ] https://mirror.invalid/debian/ trixie main';
    expect(find('extra.list', text)).toEqual({
      uri: 'https://mirror.invalid/debian/',
      signedBy: '/etc/keys/debian.gpg',
    });
  });

  test('that are comments, other distributions or third parties name no mirror', () => {
    const text = `# deb http://mirror.invalid/debian bookworm main
deb http://ubuntu.invalid/ubuntu noble main
deb https://packages.invalid/apt nodistro main
deb-src http://mirror.invalid/debian bookworm main
`;
    expect(find('sources.list', text)).toBeNull();
  });
});

test('the first file with a mirror decides', () => {
  const files = [
    { name: 'sources.list', text: '' },
    { name: 'a.list', text: 'deb http://first.invalid/debian bookworm main' },
    { name: 'b.list', text: 'deb http://second.invalid/debian bookworm main' },
  ];
  expect(findDebianMirror(files)?.uri).toBe('http://first.invalid/debian');
});
