import type { SinkDemo } from '@sluice/demo/sink-demo';

export const demo: SinkDemo = {
  servers: ['redis'],
  section: ({ redis }) => ({ url: redis.url }),
  place: ({ redis }) => ['Redis', redis.url],
};
