import kafkajs, { type PartitionAssigner } from 'kafkajs';

const { AssignerProtocol, PartitionAssigners } = kafkajs;

/**
 * kafkajs's own assigner, under its own name, so that members of other versions stay in the group. What it says besides is the
 * user data of the consumer protocol (Kafka protocol guide, "Consumer Embedded Protocol"), where Kafka Streams has its
 * `application.server`: the broker keeps it for as long as the member lives.
 */
export function assignerWith(memberData: string): PartitionAssigner {
  return (config) => {
    const assigner = PartitionAssigners.roundRobin(config);
    const { name, version } = assigner;
    const userData = Buffer.from(memberData);
    return {
      ...assigner,
      protocol: ({ topics }) => ({
        name,
        metadata: AssignerProtocol.MemberMetadata.encode({ version, topics, userData }),
      }),
    };
  };
}

/** What a member has said of itself; empty for one that has said nothing, or speaks another protocol. */
export function memberDataOf(metadata: Buffer): string {
  if (metadata.length === 0) return '';
  try {
    return AssignerProtocol.MemberMetadata.decode(metadata)?.userData.toString() ?? '';
  } catch {
    return ''; // bytes of a stranger in the group
  }
}
