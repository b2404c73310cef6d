#!/bin/sh
# scripts/count-tests counts what a test log holds, crashes included. Prints TAP.
set -eu
root=${CT_SOURCE_ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}
if ! command -v python3 >/dev/null 2>&1; then
  echo '1..0 # SKIP python3 is not installed'
  exit 0
fi
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
number=0
status=0
check() { # check NAME EXPECTED, the log on standard input
  cat >"$temp/log"
  number=$((number + 1))
  actual=$(python3 "$root/scripts/count-tests" "$temp/log" 2>"$temp/shown") ||
    actual="status $?: $(cat "$temp/shown")"
  if [ "$actual" = "$2" ]; then
    echo "ok $number - $1"
  else
    echo "not ok $number - $1"
    echo "# expected $2, got $actual"
    status=1
  fi
}
check 'an empty log' '0 0 0' </dev/null
check 'single tests of a program' '2 0 0' <<'LOG'
{"name": "a", "stdout": "1..2\nok 1 - x\nok 2 - y\n# ok - a\n", "result": "OK"}
LOG
check 'failures and skips' '1 1 2' <<'LOG'
{"name": "a", "stdout": "ok 1 - x\nnot ok 2 - y\nok 3 - z # SKIP why\nnot ok 4 - w # TODO later\n1..4\n", "result": "FAIL"}
LOG
check 'a crash after a passed test' '1 1 0' <<'LOG'
{"name": "a", "stdout": "1..2\nok 1 - x\n", "result": "ERROR", "returncode": -6}
LOG
check 'a time-out without output' '0 1 0' <<'LOG'
{"name": "a", "result": "TIMEOUT"}
LOG
check 'a program that is skipped whole' '0 0 1' <<'LOG'
{"name": "a", "stdout": "1..0 # SKIP no node\n", "result": "SKIP"}
LOG
check 'programs that speak no TAP, and the sum' '2 1 0' <<'LOG'
{"name": "a", "stdout": "hello", "result": "OK"}
{"name": "b", "result": "FAIL"}
{"name": "c", "stdout": "1..1\nok 1 - x\n", "result": "OK"}
LOG
check 'words that only look like TAP' '1 0 0' <<'LOG'
{"name": "a", "stdout": "1..1\n# not ok - comment\nokay\n  ok 7 - indented\nok 1 - x # 3 skips\n", "result": "OK"}
LOG
number=$((number + 1))
printf '%s\n' '{"name": "a/b", "stdout": "ok 1 - x\nnot ok 2 - y\n# 0x4 != 0\n1..2\n", "result": "FAIL"}' >"$temp/log"
python3 "$root/scripts/count-tests" "$temp/log" >/dev/null 2>"$temp/shown"
if grep -q 'a/b: FAIL' "$temp/shown" && grep -q '0x4 != 0' "$temp/shown"; then
  echo "ok $number - failures are shown with their reasons"
else
  echo "not ok $number - failures are shown with their reasons"
  status=1
fi
echo "1..$number"
exit $status
