#!/bin/sh
# The sources are as .clang-format would write them. Versions differ in taste: checked with the one in use only.
set -eu
wanted=14
cd "${1:-${CT_SOURCE_ROOT:-$(dirname "$0")/../..}}"
tool=
for name in clang-format-$wanted clang-format; do
  if [ -z "$tool" ] && command -v $name >/dev/null 2>&1 &&
    $name --version | grep -q "version $wanted\."; then tool=$name; fi
done
if [ -z "$tool" ]; then
  echo "1..0 # SKIP clang-format $wanted is not installed"
  exit 0
fi
bad=$(find src tests -name '*.[ch]' -print0 | xargs -0 "$tool" --dry-run 2>&1 |
  sed -n 's/:[0-9]*:[0-9]*: warning: .*//p' | sort -u)
echo 1..1
if [ -z "$bad" ]; then
  echo 'ok 1 - the sources are formatted'
else
  echo 'not ok 1 - the sources are formatted'
  echo "$bad" | sed 's/^/# clang-format -i /'
  exit 1
fi
