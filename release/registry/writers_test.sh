#!/bin/sh
# Several processes of the command write to one registry at once and are killed
# by SIGKILL at random moments: now all of them, now only the one that holds the
# lock while others wait for it. What was reported done is there, what is there
# is whole, and the work can be ended.
#
#   writers_test.sh PEDIGREE SAMPLE_PACKETS [ROUNDS [WRITERS]]
set -eu
pedigree=$PWD/$1
sample_packets=$PWD/$2
rounds=${3:-6}
writers=${4:-4}
work=$(mktemp -d "${TEST_TMPDIR:-${TMPDIR:-/tmp}}/writers.XXXXXX")
registry=$work/registry

fail() {
  echo "writers: FAILED: $*" >&2
  exit 1
}

cat > "$work/policy.textproto" <<'END'
schema_version: "pedigree.registry_policy.v1"
name: "writers"
version: "1"
states { state: "candidate" }
states { state: "shadow" }
states { state: "canary" }
states { state: "champion" }
END

"$sample_packets" "$work/packets" $((rounds * writers * 3)) > "$work/list"
"$pedigree" registry init "$registry" --policy="$work/policy.textproto"

# write NUMBER: adds every WRITERS-th packet and promotes it; notes what is done.
write() {
  awk -v n="$1" -v of="$writers" 'NR % of == n' "$work/list" |
    while read -r _ directory digest _; do
      "$pedigree" registry add "$registry" "$directory" > "$work/out.$1" \
        2> "$work/err.$1" || exit 1
      echo "add $digest" >> "$work/done.$1"
      "$pedigree" registry promote "$registry" "$digest" --to=candidate \
        > "$work/out.$1" 2> "$work/err.$1" ||
        grep -q 'is candidate, from where' "$work/out.$1" || exit 1
      echo "promote $digest" >> "$work/done.$1"
    done
}

# Processes that hold the registry's lock, and that wait for it, by /proc/locks.
inode=$(stat -c %i "$registry/lock")
holder() {
  awk -v inode="$inode" '$2 == "FLOCK" && $4 == "WRITE" && $6 ~ ":" inode "$" { print $5; exit }' /proc/locks
}
count_waiting() {
  awk -v inode="$inode" '$2 == "->" && $7 ~ ":" inode "$" { n++ } END { print n + 0 }' /proc/locks
}

kills=0
holders=0
n=0
while [ "$n" -lt "$writers" ]; do
  : > "$work/done.$n"
  n=$((n + 1))
done
moment=1
while [ "$moment" -le $((rounds * 5)) ]; do
  n=0
  pids=
  while [ "$n" -lt "$writers" ]; do
    write "$n" &
    pids="$pids $!"
    n=$((n + 1))
  done
  # 3 to 120 ms, another moment each time.
  sleep "0.$(awk -v seed="$$$moment" 'BEGIN { srand(seed); printf "%03d", 3 + int(rand() * 118) }')"
  # Stopped, it cannot let go before it is killed.
  held=$(holder)
  if [ -n "$held" ] && kill -STOP "$held" 2> /dev/null; then
    waiting=$(count_waiting)
    if [ "$(holder)" = "$held" ] && [ "$waiting" -gt 0 ]; then
      holders=$((holders + 1))
    fi
    if [ $((moment % 2)) -eq 0 ]; then
      kill -KILL "$held" && kills=$((kills + 1))
      sleep 0.02 # others take the lock over, and what was left
    fi
  fi
  # Whatever command is running now, and then the loops that start them.
  for pid in $pids; do
    child=$(cat /proc/"$pid"/task/*/children 2> /dev/null || true)
    for each in $child $(for c in $child; do cat /proc/"$c"/task/*/children 2> /dev/null || true; done); do
      kill -KILL "$each" 2> /dev/null && kills=$((kills + 1)) || true
    done
    kill -KILL "$pid" 2> /dev/null || true
  done
  wait 2> /dev/null || true
  "$pedigree" registry verify "$registry" --blobs-only > "$work/verify" ||
    { cat "$work/verify"; fail "a fault after kill $moment"; }
  cat "$work"/done.* | sort -u > "$work/done"
  "$pedigree" registry log "$registry" > "$work/log"
  while read -r action digest; do
    grep -q " $action $digest" "$work/log" ||
      fail "$action of $digest was done and is lost"
  done < "$work/done"
  moment=$((moment + 1))
done

[ "$holders" -gt 0 ] || fail "none was killed that held the lock"

# Undisturbed, all get through, at once.
n=0
while [ "$n" -lt "$writers" ]; do
  write "$n" &
  eval "pid_$n=\$!"
  n=$((n + 1))
done
n=0
while [ "$n" -lt "$writers" ]; do
  eval "wait \$pid_$n" || { cat "$work"/err.*; fail "writer $n"; }
  n=$((n + 1))
done
"$pedigree" registry verify "$registry" > "$work/verify" ||
  { cat "$work/verify"; fail "a fault at the end"; }
if grep '^note' "$work/verify"; then fail "something was left"; fi
count=$(wc -l < "$work/list")
[ "$("$pedigree" registry log "$registry" | grep -c ' add sha256:')" -eq "$count" ] ||
  fail "not $count adds, each once"

# The index that was kept all along is the one that is made anew.
cp -R "$registry/index" "$registry/aliases" "$work"
"$pedigree" registry reindex "$registry"
diff -r "$work/index" "$registry/index" || fail "another index"
diff -r "$work/aliases" "$registry/aliases" || fail "other aliases"
chmod -R u+w "$work"
echo "writers: OK: $kills processes killed at $((rounds * 5)) moments, $holders that held the lock while others waited, $count packets"
