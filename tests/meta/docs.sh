#!/bin/sh
# What the documents name exists: files, links, scripts, and (once it is built) claude-top's commands and options.
#   docs.sh [ROOT [CLAUDE_TOP]]
set -eu
cd "${1:-${CT_SOURCE_ROOT:-$(dirname "$0")/../..}}"
program=${2:-}
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
number=0
status=0
check() { # check NAME: the file offences says what is wrong
  number=$((number + 1))
  if [ -s "$temp/offences" ]; then
    echo "not ok $number - $1"
    sort -u "$temp/offences" | sed 's/^/# /'
    status=1
  else
    echo "ok $number - $1"
  fi
}

documents=$(ls README.md ARCHITECTURE.md CONTRIBUTING.md docs/*.md alloy/*.md themes/*.md 2>/dev/null || true)
for wanted in README.md ARCHITECTURE.md CONTRIBUTING.md docs/grafana-links.md alloy/README.md; do
  [ -s "$wanted" ] || echo "$wanted is missing"
done >"$temp/offences"
check 'the documents are there'

# [text](target), relative to the document.
for document in $documents; do
  { grep -oE '\]\([^)#]+' "$document" || true; } | sed 's/^](//' | grep -vE '^[a-z]+:' | while read -r target; do
    [ -e "$(dirname "$document")/$target" ] || echo "$document links to $target"
  done
done >"$temp/offences"
check 'links lead to files'

# `path/with/slash.ext` or `folder/`, from the root.
for document in $documents; do
  grep -oE '`(\./)?(src|tests|docs|scripts|alloy|themes|proto|\.ci)/[A-Za-z0-9_./-]*`' "$document" | tr -d '`' | grep -vE 'KIND|LAYER|MODULE' |
    while read -r path; do [ -e "$path" ] || echo "$document names $path"; done
done >"$temp/offences"
check 'paths in the text exist'

for document in $documents; do
  grep -oE '(^|[ `(])(\./)?scripts/[a-z-]+' "$document" | sed 's/^[ `(]//' | while read -r script; do
    [ -x "$script" ] || echo "$document runs $script"
  done
done >"$temp/offences"
check 'scripts can be run'

# Lines of code blocks, and `code`, that begin with claude-top: "COMMAND OPTION OPTION …".
if [ -n "$program" ] && [ -x "$program" ]; then
  for document in README.md CONTRIBUTING.md docs/grafana-links.md alloy/README.md; do
    awk '/^```/ { code = !code; next } code { sub(/^\$ /, ""); print }' "$document"
    grep -oE '`claude-top[^`]*`' "$document" | tr -d '`'
  done | sed -n 's/[ 	]#.*//; s|^\(build/\)\{0,1\}claude-top *||p' | sort -u >"$temp/commands"
  : >"$temp/offences"
  while read -r line; do
    command=$(echo "$line" | sed -n 's/^\([a-z][a-z]*\).*/\1/p')
    if ! "$program" $command --help-all >"$temp/help" 2>&1; then
      echo "claude-top $line: --help-all fails"
    fi
    for word in $line; do
      option=$(echo "$word" | sed -n 's/^\[\{0,1\}\(--[a-z][a-z-]*\).*/\1/p')
      [ -z "$option" ] || grep -qE -- "$option([^a-z-]|$)" "$temp/help" ||
        echo "claude-top $line: the help does not know $option"
    done
  done <"$temp/commands" >>"$temp/offences"
  [ -s "$temp/commands" ] || echo "no command of claude-top was found" >>"$temp/offences"
  check 'commands and options in the documents exist'
else
  number=$((number + 1))
  echo "ok $number - commands and options in the documents exist # SKIP claude-top is not built"
fi
echo "1..$number"
exit $status
