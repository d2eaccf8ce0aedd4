const UNPRINTABLE = /(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/**
 * A text for a terminal: control characters, and those that turn the order of others or take no room, are shown as `\u{1b}`. Line feeds
 * stay: texts of ours have them.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, shown);
}

/** The same for what has to stay in its line, as a name does. */
export function printableLine(text: string): string {
  return printable(text).replaceAll('\n', shown);
}

/** JSON as JSON, with those characters in its own spelling. */
export function printableJson(json: string): string {
  return json.replace(UNPRINTABLE, (found) =>
    Array.from(
      { length: found.length },
      (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}

function shown(found: string): string {
  return `\\u{${found.codePointAt(0)?.toString(16)}}`;
}
