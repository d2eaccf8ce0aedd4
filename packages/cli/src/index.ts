export * from './compare/index.ts';
export * from './demo/index.ts';
