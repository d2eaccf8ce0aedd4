import type { SinkDemo } from '@sluice/demo/sink-demo';

export const demo: SinkDemo = {
  servers: ['elasticsearch'],
  section: ({ elasticsearch }) => ({ node: elasticsearch.node }),
  place: ({ elasticsearch }) => ['Elasticsearch', `${elasticsearch.node}/shop.orders.live/_search`],
};
