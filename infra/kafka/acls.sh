#!/bin/sh
# Access rules of one pipeline on Kafka, by Kafka's own kafka-acls.sh: capture, each sink and the command have a principal of their own.
# What is not here is refused: the brokers need authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer.
#
#   SLUICE_DATABASES='shop billing' sh acls.sh --bootstrap-server kafka:9093 --command-config admin.properties
#   sh acls.sh … 2>/dev/null with KAFKA_ACLS=echo only prints the calls
#
# SLUICE_PIPELINE (shop) is `pipeline` of sluice.yaml, SLUICE_PREFIX its `topics.prefix` (the pipeline), SLUICE_DATABASES the databases of
# `source.tables` as topic names have them (docs/topics.md), SLUICE_SINKS the sinks that run, SLUICE_PRINCIPAL what the names of the
# principals begin with (sluice: User:sluice-capture, User:sluice-redis, …, User:sluice-command). SLUICE_REBUILT (none) are sinks that the
# command may rebuild (docs/rebuild.md). SLUICE_DRILLS=yes lets it restore a backup beside the pipeline (docs/maintenance.md).
# With a topics.strategy or topics.template of your own, the rules of rows have to name those topics instead.
set -eu

pipeline=${SLUICE_PIPELINE:-shop}
prefix=${SLUICE_PREFIX:-$pipeline}
databases=${SLUICE_DATABASES:-$pipeline}
sinks=${SLUICE_SINKS:-redis elasticsearch mysql}
principal=User:${SLUICE_PRINCIPAL:-sluice}

# allow WHO RESOURCE PATTERN NAME OPERATION…   Read and Write bring Describe with them.
allow() {
  who=$1 resource=$2 pattern=$3 name=$4
  shift 4
  operations=
  for operation in "$@"; do operations="$operations --operation $operation"; done
  # shellcheck disable=SC2086 # one word for each operation
  ${KAFKA_ACLS:-kafka-acls.sh} $server --add --allow-principal "$principal-$who" $operations \
    "$resource" "$name" --resource-pattern-type "$pattern"
}
server="$*"

# Capture makes the topics, compares their settings, reads back what it has kept, and writes in transactions.
# It reads topics of rows after a failover, for the highest sequence there.
for database in $databases; do
  allow capture --topic prefixed "$prefix.$database." Create DescribeConfigs Read Write
done
for topic in checkpoints instances schema-history ddl; do
  allow capture --topic literal "$prefix.sluice.$topic" Create DescribeConfigs Read Write
done
for topic in heartbeat audit; do
  allow capture --topic literal "$prefix.sluice.$topic" Create DescribeConfigs Write
done
allow capture --topic literal "$prefix.dlq.capture" Create DescribeConfigs Read Write
allow capture --topic literal "$prefix.sluice.decisions.capture" Read
allow capture --transactional-id literal "sluice.$pipeline" Write

# A sink, which starts after capture, reads rows, heartbeats and how far capture has published (its checkpoints), and keeps its dead letters, what was decided about them, and its offsets.
for sink in $sinks; do
  for database in $databases; do
    allow "$sink" --topic prefixed "$prefix.$database." Read
  done
  allow "$sink" --topic literal "$prefix.sluice.heartbeat" Read
  allow "$sink" --topic literal "$prefix.sluice.checkpoints" Read
  allow "$sink" --topic literal "$prefix.dlq.capture" Read
  allow "$sink" --topic literal "$prefix.dlq.$sink" Create DescribeConfigs Read Write
  allow "$sink" --topic literal "$prefix.sluice.decisions.$sink" Create DescribeConfigs Read Write
  allow "$sink" --topic literal "$prefix.sluice.audit" DescribeConfigs Write
  allow "$sink" --group literal "$pipeline.$sink" Read
done

# `sluice` reads all of it, decides about dead letters, and moves the offsets of a sink that stands still.
allow command --topic prefixed "$prefix." DescribeConfigs Read
allow command --topic prefixed "$prefix.sluice.decisions." Create Write
allow command --topic literal "$prefix.sluice.audit" Write
allow command --group prefixed "$pipeline." Read

# `sluice sink rebuild` runs a sink `<name>-rebuild` in its own process, and removes what Kafka knows of it.
for sink in ${SLUICE_REBUILT:-}; do
  allow command --topic literal "$prefix.dlq.$sink-rebuild" Create Write Delete
  allow command --topic literal "$prefix.sluice.decisions.$sink-rebuild" Delete
  allow command --group literal "$pipeline.$sink-rebuild" Delete
done

# `sluice maintenance monthly` writes a backup into topics of its own, `<prefix>-drill-…`, and deletes them.
if [ "${SLUICE_DRILLS:-no}" = yes ]; then
  allow command --topic prefixed "$prefix-drill-" Create DescribeConfigs Read Write Delete
fi
