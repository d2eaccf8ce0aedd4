#!/bin/sh
# Makes a random password for each account of docker-compose.yml: sh infra/docker/new-secrets.sh [folder]
# In a folder that is there it adds what a newer version asks for, and changes no password: run it again after each upgrade.
# The folder can be entered by its owner alone; the files are readable, because each container reads its own as a user of its own.
# To change a password, change it on the server first: a server keeps the one of its first start.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/secrets}
umask 022
. "$here/secret-files.sh"

for name in mysql_root_password mysql_target_root_password source_password target_password grafana_password; do
  password "$name"
done
# Of an account that is in several files, those that are there tell the password.
known demo_account.sql "s/.*IDENTIFIED BY '\([^']*\)'.*/\1/p"
password demo_password "$found"
known redis_users.acl 's/^user sluice on >\([^ ]*\).*/\1/p'
password redis_password "$found"

# The rights of infra/redis for the password; the account of the demo may change the database `shop` and nothing else.
rights
text demo_account.sql "$(cat <<SQL
CREATE USER 'demo'@'%' IDENTIFIED BY '$(cat "$folder/demo_password")';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP ON \`shop\`.* TO 'demo'@'%';
SQL
)"

# A replica takes every transaction of the source, and none from elsewhere: it begins empty, and is read-only from its second start on, the first with a network.
# MySQL takes a password of 32 characters here, and no longer one.
known replica_account.sql "s/.*IDENTIFIED BY '\([^']*\)'.*/\1/p" replica_start.sql "s/.*SOURCE_PASSWORD = '\([^']*\)'.*/\1/p"
replica=${found:-$(random | cut -c1-32)}
text replica_account.sql "$(cat <<SQL
CREATE USER 'replica'@'%' IDENTIFIED BY '$replica' REQUIRE SSL;
GRANT REPLICATION SLAVE ON *.* TO 'replica'@'%';
SQL
)"
text replica_start.sql "$(cat <<SQL
SET PERSIST_ONLY super_read_only = ON;
CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'mysql', SOURCE_USER = 'replica', SOURCE_PASSWORD = '$replica', SOURCE_SSL = 1,
  SOURCE_AUTO_POSITION = 1, SOURCE_CONNECT_RETRY = 5;
RESET BINARY LOGS AND GTIDS;
SQL
)"

# What watches the servers looks at what they do, and at no row of a table.
known exporter_account.sql "s/.*IDENTIFIED BY '\([^']*\)'.*/\1/p" mysql_exporter.cnf 's/^password = //p' \
  redis_exporter.json 's/.*exporter@redis:6379": "\([^"]*\)".*/\1/p' redis_users.acl 's/^user exporter on >\([^ ]*\).*/\1/p'
exporter=${found:-$(random)}
text exporter_account.sql "$(cat <<SQL
CREATE USER 'exporter'@'%' IDENTIFIED BY '$exporter' WITH MAX_USER_CONNECTIONS 3;
GRANT PROCESS, REPLICATION CLIENT ON *.* TO 'exporter'@'%';
GRANT SELECT ON performance_schema.* TO 'exporter'@'%';
SQL
)"
text mysql_exporter.cnf "$(printf '[client]\nuser = exporter\npassword = %s' "$exporter")"
text redis_exporter.json "$(printf '{"redis://exporter@redis:6379": "%s", "redis://redis:6379": "%s"}' "$exporter" "$exporter")"
line redis_users.acl '^user exporter ' \
  "user exporter on >$exporter -@all +ping +info +config|get +slowlog|get +slowlog|len +latency|latest +latency|histogram +client|setname"

report passwords
for name in $added; do
  case $name in
    demo_account.sql | replica_account.sql) tellServer "$name" mysql ;;
    exporter_account.sql)
      tellServer "$name" mysql
      tellServer "$name" mysql-target
      ;;
    redis_users.acl) echo "Redis reads redis_users.acl at its start: docker compose restart redis" ;;
  esac
done
