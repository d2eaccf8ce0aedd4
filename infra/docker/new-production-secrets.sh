#!/bin/sh
# Makes what docker-compose.prod.yml needs, once: an authority with a certificate for each server and service, a random password for each account,
# the tokens of the ops ports.   sh infra/docker/new-production-secrets.sh [folder]
# The folder can be entered by its owner alone; the files are readable, because each container reads its own as a user of its own.
# Certificates hold for SLUICE_CERTIFICATE_DAYS (825) days. To renew them: the same command with --renew; then restart, servers first.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
renew=no
if [ "${1:-}" = --renew ]; then
  renew=yes
  shift
fi
folder=${1:-$here/production-secrets}
days=${SLUICE_CERTIFICATE_DAYS:-825}
SERVERS='kafka mysql mysql-target redis elasticsearch'
SERVICES='capture sink-redis sink-elasticsearch sink-mysql auditor'
KAFKA_USERS='capture redis elasticsearch mysql command'

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# certificate FOLDER NAME   signed by the authority of the folder; the key as PKCS #8, which Kafka and Elasticsearch ask for
certificate() {
  # The standby is a second container of capture's certificate.
  names="DNS:$2,DNS:localhost,IP:127.0.0.1"
  [ "$2" != capture ] || names="$names,DNS:capture-standby"
  openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1/$2.key"
  openssl req -new -key "$1/$2.key" -subj "/CN=$2" -out "$1/request"
  printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "$names" > "$1/extensions"
  openssl x509 -req -in "$1/request" -CA "$1/ca.pem" -CAkey "$1/ca.key" -days "$days" -sha256 \
    -extfile "$1/extensions" -out "$1/$2.pem" 2> "$1/said" || { cat "$1/said" >&2; exit 1; }
  rm "$1/request" "$1/extensions" "$1/said"
  chmod 644 "$1/$2.key"
}

certificates() {
  for name in $SERVERS $SERVICES; do certificate "$1" "$name"; done
  # Kafka takes key and certificate from one file.
  cat "$1/kafka.key" "$1/kafka.pem" > "$1/kafka_keystore.pem"
}

umask 022
if [ "$renew" = yes ]; then
  [ -f "$folder/ca.key" ] || { echo "there is no $folder/ca.key: nothing to renew" >&2; exit 1; }
  certificates "$folder"
  echo "new certificates are in $folder"
  exit
fi
if [ -e "$folder" ]; then
  echo "$folder is there already and stays as it is" >&2
  exit 1
fi
made=$folder.new
rm -rf "$made"
mkdir -m 700 "$made"

openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$made/ca.key"
# No container reads this one: keep it elsewhere, if you like, and bring it back for --renew.
chmod 600 "$made/ca.key"
openssl req -x509 -new -key "$made/ca.key" -days 3650 -sha256 -subj '/CN=Sluice' -addext basicConstraints=critical,CA:TRUE \
  -addext keyUsage=critical,keyCertSign,cRLSign -out "$made/ca.pem"
certificates "$made"

for name in mysql_root_password mysql_target_root_password source_password target_password redis_password \
  elasticsearch_password grafana_password kafka_admin_password ops_token; do
  random > "$made/$name"
done
sed "s/\${SLUICE_REDIS_PASSWORD}/$(cat "$made/redis_password")/" "$here/../redis/users.acl" > "$made/redis_users.acl"

# The broker's own login, the administrator, and the principals of infra/kafka/acls.sh.
{
  broker=$(random)
  echo 'KafkaServer {'
  echo '  org.apache.kafka.common.security.plain.PlainLoginModule required'
  echo "  username=\"broker\" password=\"$broker\" user_broker=\"$broker\""
  for user in $KAFKA_USERS; do
    random > "$made/kafka_${user}_password"
    echo "  user_sluice-$user=\"$(cat "$made/kafka_${user}_password")\""
  done
  echo "  user_admin=\"$(cat "$made/kafka_admin_password")\";"
  echo '};'
} > "$made/kafka_jaas.conf"
cat > "$made/kafka_admin.properties" <<PROPERTIES
security.protocol=SASL_SSL
sasl.mechanism=PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="$(cat "$made/kafka_admin_password")";
ssl.truststore.type=PEM
ssl.truststore.location=/run/secrets/ca.pem
PROPERTIES
rm "$made/kafka_admin_password"

# The command's token, and the line by which services know it. Add a line for each person (docs/operations.md, "Who may give orders").
echo "cli admin $(openssl dgst -sha256 -r "$made/ops_token" | cut -d ' ' -f 1)" > "$made/ops_tokens"
mv "$made" "$folder"
echo "certificates, passwords and tokens are in $folder"
