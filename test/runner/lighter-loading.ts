import type { Plugin } from 'rolldown';

/** Modules of Node.js with members that are loaded when they are first asked for. */
const LAZY = ['http', 'tls', 'crypto'] as const;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
const VIRTUAL = '\0builtin:';

/**
 * To import one of them asks for every member, the lazy ones too: `node:http` loads a client for WebSocket, `node:tls` all root
 * certificates, a tenth of the processor time that a process takes to start. These have the other members alone; to import a lazy one
 * fails the build.
 */
export function lightBuiltins(): Plugin {
  return {
    name: 'light-builtins',
    resolveId(source, _importer, { kind }) {
      const name = LAZY.find((each) => source === each || source === `node:${each}`);
      return name === undefined || kind !== 'import-statement' ? null : `${VIRTUAL}${name}`;
    },
    load(id) {
      if (!id.startsWith(VIRTUAL)) return null;
      const name = id.slice(VIRTUAL.length);
      const members = Object.entries(Object.getOwnPropertyDescriptors(process.getBuiltinModule(name)));
      const plain = members.filter(([member, { get }]) => get === undefined && IDENTIFIER.test(member));
      const names = plain.map(([member]) => member).filter((member) => member !== 'default');
      return `const it = process.getBuiltinModule('node:${name}');
export default it;
export const { ${names.join(', ')} } = it;`;
    },
  };
}

/** Of the messages of zod in fifty languages the English ones: a fifth of all that is loaded is the others. */
export function oneLocale(): Plugin {
  return {
    name: 'one-locale',
    load(id) {
      return id.endsWith('/zod/v4/locales/index.js') ? "export { default as en } from './en.js';" : null;
    },
  };
}
