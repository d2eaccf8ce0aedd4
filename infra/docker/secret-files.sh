# Read by new-secrets.sh and new-production-secrets.sh, which set $folder: makes the folder if it is missing, and what makes a file of it that is missing and leaves one that is there.
# A file is complete or not there at all. $added has the names of those that were made.
added=
found=
isNew=no
if [ ! -e "$folder" ]; then
  isNew=yes
  mkdir -m 700 "$folder"
fi

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# keep NAME FORMAT VALUE
keep() {
  printf "$2" "$3" > "$folder/.$1.new"
  mv "$folder/.$1.new" "$folder/$1"
  case " $added " in *" $1 "*) ;; *) added="$added $1" ;; esac
}

# password NAME [VALUE]   a random one, or the one that is known
password() {
  [ ! -e "$folder/$1" ] || return 0
  [ "$isNew" = yes ] || [ -n "${2:-}" ] || echo "$1 is a new one: a server that has data already keeps what it had" >&2
  keep "$1" %s "${2:-$(random)}"
}

# text NAME CONTENT
text() { [ -e "$folder/$1" ] || keep "$1" '%s\n' "$2"; }

# line NAME PATTERN LINE   the line at the end of a file that has none of the pattern
line() { grep -q "$2" "$folder/$1" || keep "$1" '%s\n' "$(cat "$folder/$1"; printf '%s' "$3")"; }

# known FILE EXPRESSION [FILE EXPRESSION…]   sets $found: what the first of these files has that is there and has it, as `sed -n` prints it
known() {
  found=
  while [ $# -gt 0 ] && [ -z "$found" ]; do
    [ ! -e "$folder/$1" ] || found=$(sed -n "$2" "$folder/$1" | head -n 1)
    shift 2
  done
}

# report WHAT   what was done, in a line
report() {
  if [ "$isNew" = yes ]; then
    echo "$1 are in $folder"
    # Servers without data yet take everything at their first start.
    added=
  elif [ -z "$added" ]; then
    echo "$folder stays as it is: nothing to add"
  else
    echo "added to $folder:$added"
  fi
}

# rights   of Redis: those of the folder are the ones of the day when it was made
rights() {
  wanted=$(sed "s/\${SLUICE_REDIS_PASSWORD}/$(cat "$folder/redis_password")/" "$here/../redis/users.acl")
  text redis_users.acl "$wanted"
  for user in default sluice; do
    line=$(echo "$wanted" | grep "^user $user ")
    grep -qxF "$line" "$folder/redis_users.acl" \
      || echo "redis_users.acl has other rights for the user $user than infra/redis/users.acl of this version: look whether it lacks any" >&2
  done
}

# tellServer FILE SERVICE   an account that comes later than the server's data
tellServer() {
  echo "a $2 that has data already reads $1 by hand: docker compose exec -T $2 sh -c 'MYSQL_PWD=\$(cat \$MYSQL_ROOT_PASSWORD_FILE) mysql -uroot' < $folder/$1"
}
