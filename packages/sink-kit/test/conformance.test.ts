import { describeSinkConformance, inMemorySink } from '../src/testing/index.ts';

/** The suite on the smallest sink: a fault here is a fault of the suite. */
describeSinkConformance('the in-memory sink', {
  create: async () => {
    const sink = inMemorySink();
    return {
      sink,
      another: () => sink,
      read: async (database, table, key) => sink.read(database, table, JSON.stringify(key)),
      poison: async (id) => {
        sink.refused.add(JSON.stringify({ id }));
        return { id, name: 'refused' };
      },
      close: async () => undefined,
    };
  },
  deadStore: async () => {
    const sink = inMemorySink();
    sink.reachable = false;
    return sink;
  },
});
