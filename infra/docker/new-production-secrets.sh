#!/bin/sh
# Makes what docker-compose.prod.yml needs: an authority with a certificate for each server and service, a random password for each account,
# the tokens of the ops ports.   sh infra/docker/new-production-secrets.sh [folder]
# In a folder that is there it adds what a newer version asks for, and changes no password and no certificate: run it again after each upgrade.
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
COMPOSE='docker compose -f docker-compose.prod.yml --profile servers'

umask 022
if [ "$renew" = yes ] && [ ! -f "$folder/ca.key" ]; then
  echo "there is no $folder/ca.key: nothing to renew" >&2
  exit 1
fi
. "$here/secret-files.sh"
lacking=

# The names of a certificate; the standby is a second container of capture's.
namesOf() {
  [ "$1" != capture ] || echo capture-standby
  echo "$1"
}

# authority   its key is read by no container: keep it elsewhere, if you like, and bring it back for --renew
authority() {
  openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$folder/.ca.key.new"
  chmod 600 "$folder/.ca.key.new"
  openssl req -x509 -new -key "$folder/.ca.key.new" -days 3650 -sha256 -subj '/CN=Sluice' -addext basicConstraints=critical,CA:TRUE \
    -addext keyUsage=critical,keyCertSign,cRLSign -out "$folder/.ca.pem.new"
  mv "$folder/.ca.key.new" "$folder/ca.key"
  mv "$folder/.ca.pem.new" "$folder/ca.pem"
}

# certificate NAME   signed by the authority of the folder; the key as PKCS #8, which Kafka and Elasticsearch ask for
certificate() {
  names=$(namesOf "$1" | sed 's/^/DNS:/' | tr '\n' ,)
  work=$folder/.certificate
  rm -rf "$work"
  mkdir "$work"
  openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/key"
  openssl req -new -key "$work/key" -subj "/CN=$1" -out "$work/request"
  printf 'subjectAltName=%sDNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' "$names" > "$work/extensions"
  openssl x509 -req -in "$work/request" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" -days "$days" -sha256 \
    -extfile "$work/extensions" -out "$work/pem" 2> "$work/said" || { cat "$work/said" >&2; exit 1; }
  chmod 644 "$work/key"
  mv "$work/key" "$folder/$1.key"
  mv "$work/pem" "$folder/$1.pem"
  rm -r "$work"
  # Kafka takes key and certificate from one file.
  [ "$1" != kafka ] || cat "$folder/kafka.key" "$folder/kafka.pem" > "$folder/kafka_keystore.pem"
}

certificates() {
  for name in $SERVERS $SERVICES; do
    if [ "$renew" = no ] && [ -e "$folder/$name.key" ] && [ -e "$folder/$name.pem" ]; then
      examine "$name"
    elif [ -e "$folder/ca.key" ] && [ -e "$folder/ca.pem" ]; then
      certificate "$name"
      added="$added $name.key $name.pem"
    else
      lacking="$lacking $name.pem"
    fi
  done
  [ -e "$folder/kafka_keystore.pem" ] || [ ! -e "$folder/kafka.pem" ] \
    || keep kafka_keystore.pem '%s\n' "$(cat "$folder/kafka.key" "$folder/kafka.pem")"
}

# examine NAME   what is wrong with a certificate that stays as it is
examine() {
  for host in $(namesOf "$1"); do
    openssl x509 -in "$folder/$1.pem" -noout -checkhost "$host" | grep -q 'does match' \
      || echo "$1.pem does not name $host: --renew makes one that does, and all others anew" >&2
  done
  openssl x509 -in "$folder/$1.pem" -noout -checkend 2592000 > /dev/null \
    || echo "$1.pem ends within 30 days, or has ended: --renew" >&2
}

[ "$isNew" = no ] || authority

for name in mysql_root_password mysql_target_root_password source_password target_password \
  elasticsearch_password grafana_password; do
  password "$name"
done
known redis_users.acl 's/^user sluice on >\([^ ]*\).*/\1/p'
password redis_password "$found"
rights

# The broker's own login, the administrator, and the principals of infra/kafka/acls.sh.
for user in $KAFKA_USERS; do
  known kafka_jaas.conf "s/.*user_sluice-$user=\"\([^\"]*\)\".*/\1/p"
  password "kafka_${user}_password" "$found"
done
known kafka_admin.properties 's/^sasl.jaas.config=.* password="\([^"]*\)".*/\1/p' kafka_jaas.conf 's/.*user_admin="\([^"]*\)".*/\1/p'
admin=${found:-$(random)}
userLine() { echo "  user_sluice-$1=\"$(cat "$folder/kafka_$1_password")\""; }
text kafka_jaas.conf "$(
  broker=$(random)
  echo 'KafkaServer {'
  echo '  org.apache.kafka.common.security.plain.PlainLoginModule required'
  echo "  username=\"broker\" password=\"$broker\" user_broker=\"$broker\""
  for user in $KAFKA_USERS; do userLine "$user"; done
  echo "  user_admin=\"$admin\";"
  echo '};'
)"
for user in $KAFKA_USERS; do
  grep -q "user_sluice-$user=" "$folder/kafka_jaas.conf" \
    || keep kafka_jaas.conf '%s\n' "$(awk -v line="$(userLine "$user")" '/user_broker=/ { print; print line; next } { print }' "$folder/kafka_jaas.conf")"
  grep -q "user_sluice-$user=" "$folder/kafka_jaas.conf" || lacking="$lacking user_sluice-$user(in_kafka_jaas.conf)"
done
text kafka_admin.properties "$(cat <<PROPERTIES
security.protocol=SASL_SSL
sasl.mechanism=PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="$admin";
ssl.truststore.type=PEM
ssl.truststore.location=/run/secrets/ca.pem
PROPERTIES
)"

# The command's token, and the line by which services know it. Add a line for each person (docs/operations.md, "Who may give orders").
hadToken=no
[ ! -e "$folder/ops_token" ] || hadToken=yes
password ops_token
hash=$(openssl dgst -sha256 -r "$folder/ops_token" | cut -d ' ' -f 1)
text ops_tokens "cli admin $hash"
[ "$hadToken" = yes ] || line ops_tokens "$hash" "cli admin $hash"

# Last of all: it may need what is kept elsewhere.
certificates
if [ "$renew" = yes ]; then echo "new certificates are in $folder"; else report 'certificates, passwords and tokens'; fi
case " $added " in
  *' kafka_jaas.conf '*)
    [ "$isNew" = yes ] || echo "Kafka reads its logins at its start, and the rules of new ones must be written: $COMPOSE up --detach --force-recreate kafka kafka-setup"
    ;;
esac
if [ -n "$lacking" ]; then
  echo "missing still:$lacking. Bring ca.key back, beside its ca.pem, and run this again; or put files of your own there." >&2
  exit 1
fi
