#!/bin/sh
# Makes a random password for each account of docker-compose.yml, once: sh infra/docker/new-secrets.sh [folder]
# The folder can be entered by its owner alone; the files are readable, because each container reads its own as a user of its own.
# To change a password, change it on the server first: a server keeps the one of its first start.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/secrets}
if [ -e "$folder" ]; then
  echo "$folder is there already and stays as it is" >&2
  exit 1
fi

umask 022
made=$folder.new
rm -rf "$made"
mkdir -m 700 "$made"
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
for name in mysql_root_password mysql_target_root_password source_password target_password redis_password demo_password grafana_password; do
  random > "$made/$name"
done

# The rights of infra/redis for the password; the account of the demo may change the database `shop` and nothing else.
sed "s/\${SLUICE_REDIS_PASSWORD}/$(cat "$made/redis_password")/" "$here/../redis/users.acl" > "$made/redis_users.acl"
cat > "$made/demo_account.sql" <<SQL
CREATE USER 'demo'@'%' IDENTIFIED BY '$(cat "$made/demo_password")';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP ON \`shop\`.* TO 'demo'@'%';
SQL

# A replica takes every transaction of the source, and none from elsewhere: it begins empty, and is read-only from its second start on, the first with a network.
# MySQL takes a password of 32 characters here, and no longer one.
replica=$(random | cut -c1-32)
cat > "$made/replica_account.sql" <<SQL
CREATE USER 'replica'@'%' IDENTIFIED BY '$replica' REQUIRE SSL;
GRANT REPLICATION SLAVE ON *.* TO 'replica'@'%';
SQL
cat > "$made/replica_start.sql" <<SQL
SET PERSIST_ONLY super_read_only = ON;
CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'mysql', SOURCE_USER = 'replica', SOURCE_PASSWORD = '$replica', SOURCE_SSL = 1,
  SOURCE_AUTO_POSITION = 1, SOURCE_CONNECT_RETRY = 5;
RESET BINARY LOGS AND GTIDS;
SQL

# What watches the servers looks at what they do, and at no row of a table.
exporter=$(random)
cat > "$made/exporter_account.sql" <<SQL
CREATE USER 'exporter'@'%' IDENTIFIED BY '$exporter' WITH MAX_USER_CONNECTIONS 3;
GRANT PROCESS, REPLICATION CLIENT ON *.* TO 'exporter'@'%';
GRANT SELECT ON performance_schema.* TO 'exporter'@'%';
SQL
printf '[client]\nuser = exporter\npassword = %s\n' "$exporter" > "$made/mysql_exporter.cnf"
printf '{"redis://exporter@redis:6379": "%s", "redis://redis:6379": "%s"}\n' "$exporter" "$exporter" > "$made/redis_exporter.json"
echo "user exporter on >$exporter -@all +ping +info +config|get +slowlog|get +slowlog|len +latency|latest +latency|histogram +client|setname" >> "$made/redis_users.acl"
mv "$made" "$folder"
echo "passwords are in $folder"
