#!/bin/sh
# The system parts that tests need beside Python. As root with apt they are installed; elsewhere the tests that need
# them skip and say what to install; with CI=true a missing part is a failure (tests/parts.py).
set -eu
PARTS="radosgw ceph-mon ceph-osd ceph-mgr chromium postgresql redis-server tinyproxy-bin iproute2 strace"
PROGRAMS="radosgw ceph-mon ceph-osd ceph-mgr chromium pg_ctlcluster redis-server tinyproxy ip strace"

missing=""
for program in $PROGRAMS; do
    command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "Not installed:$missing. Their tests will be skipped; install $PARTS to run them."
    exit 0
fi
echo "Installing system parts:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends $PARTS; } >"$log" 2>&1; then
    tail -n 20 "$log"
    exit 1
fi
