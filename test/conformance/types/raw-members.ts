/** The members of a JSON object with their values as they are written, byte for byte. Throws SyntaxError. */
export function rawMembers(text: string): Map<string, string> {
  const members = new Map<string, string>();
  let at = 1;
  while (text[at] !== '}') {
    const nameEnd = valueEnd(text, at);
    const end = valueEnd(text, nameEnd + 1);
    members.set(JSON.parse(text.slice(at, nameEnd)) as string, text.slice(nameEnd + 1, end));
    at = text[end] === ',' ? end + 1 : end;
    if (at >= text.length) throw new SyntaxError('an object without an end');
  }
  return members;
}

/** Where the value that begins at `start` ends. Sluice writes no blanks between values. */
function valueEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const character = text[at]!;
    if (character === '"') at = stringEnd(text, at);
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') {
      if (depth === 0) return at;
      depth--;
    } else if (depth === 0 && (character === ',' || character === ':')) return at;
  }
  return text.length;
}

function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  throw new SyntaxError('a string without an end');
}
