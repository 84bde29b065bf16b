#!/bin/sh
# A stand-in for systemctl: the lab has no systemd as process 1. It knows the services listed in one
# file per host and answers as systemd 252 does, with the same words, columns and exit codes; but
# nothing is started or stopped, only the state in the file changes.
#
# The file: one line a service, fields separated by "|":
# name|load|active|sub|unit file state|main pid|restarts|active since (seconds of the epoch)|description
set -u
units=/var/lib/systemctl-stand-in/units
verb='' names='' properties='' output='' value_only=''

full_name() { # "caddy" is short for "caddy.service"
  case $1 in *.*) echo "$1" ;; *) echo "$1.service" ;; esac
}

while [ $# -gt 0 ]; do
  case $1 in
    --property=*) properties="$properties,${1#*=}" ;;
    -p) properties="$properties,$2"; shift ;;
    --output=*) output=${1#*=} ;;
    -o) output=$2; shift ;;
    --value) value_only=1 ;;
    --version) echo 'systemd 252 (252.39-1~deb12u1)'; exit 0 ;;
    -*) ;;
    *) if [ -z "$verb" ]; then verb=$1; else names="$names $(full_name "$1")"; fi ;;
  esac
  shift
done

row() { # the line of service $1; fails if there is none
  grep "^$1|" "$units"
}

set_state() { # service, active, sub, main pid, restarts, since
  (
    flock 9
    awk -F'|' -v OFS='|' -v n="$1" -v a="$2" -v s="$3" -v p="$4" -v r="$5" -v t="$6" \
      '$1 == n { $3 = a; $4 = s; $6 = p; $7 += r; $8 = t } { print }' "$units" >"$units.new"
    mv "$units.new" "$units"
  ) 9>"$units.lock"
}

list_units() {
  if [ "$output" = json ]; then
    awk -F'|' '{ printf "%s{\"unit\":\"%s\",\"load\":\"%s\",\"active\":\"%s\",\"sub\":\"%s\",\"description\":\"%s\"}",
      (NR > 1 ? "," : "["), $1, $2, $3, $4, $9 } END { print "]" }' "$units"
  else
    awk -F'|' '{ printf "%-27s %-9s %-8s %-7s %s\n", $1, $2, $3, $4, $9 }' "$units"
  fi
}

show() { # service
  found=$(row "$1" || echo "$1|not-found|inactive|dead||0|0||$1")
  echo "$found" | awk -F'|' -v wanted=",$properties," -v value_only="$value_only" '
    function say(key, text) {
      if (wanted == ",," || index(wanted, "," key ",")) print (value_only ? "" : key "=") text
    }
    {
      if ($8 != "") { ("TZ=UTC date -d @" $8 " \"+%a %Y-%m-%d %H:%M:%S UTC\"") | getline since }
      say("Type", "simple")
      say("MainPID", $6)
      say("NRestarts", $7)
      say("Result", $3 == "failed" ? "exit-code" : "success")
      say("ExecMainStatus", $3 == "failed" ? 1 : 0)
      say("Id", $1)
      say("Names", $1)
      say("Description", $9)
      say("LoadState", $2)
      say("ActiveState", $3)
      say("SubState", $4)
      say("UnitFileState", $5)
      say("ActiveEnterTimestamp", since)
    }'
}

is_active() { # service
  state=$(row "$1" | cut -d'|' -f3)
  echo "${state:-inactive}"
  [ "$state" = active ] || exit 3
}

change() { # service; $verb says how
  if ! row "$1" >/dev/null; then
    echo "Failed to $verb $1: Unit $1 not found." >&2
    exit 5
  fi
  if [ "$(id -u)" -ne 0 ]; then
    echo "Failed to $verb $1: Interactive authentication required." >&2
    echo "See system logs and 'systemctl status $1' for details." >&2
    exit 1
  fi
  if [ "$verb" = stop ]; then
    set_state "$1" inactive dead 0 0 ''
    return
  fi
  set_state "$1" activating start 0 0 ''
  sleep 0.3
  if [ "$1" = backup.service ]; then
    set_state "$1" failed failed 0 0 ''
    echo "Job for $1 failed because the control process exited with error code." >&2
    echo "See \"systemctl status $1\" and \"journalctl -xeu $1\" for details." >&2
    exit 1
  fi
  set_state "$1" active running $((400 + $(date +%s) % 30000)) 1 "$(date +%s)"
}

case $verb in
  list-units | '') list_units ;;
  show) for name in $names; do show "$name"; done ;;
  is-active) for name in $names; do is_active "$name"; done ;;
  is-system-running) echo degraded; exit 1 ;;
  start | stop | restart | reload) for name in $names; do change "$name"; done ;;
  *) echo "Unknown command verb $verb." >&2; exit 1 ;;
esac
