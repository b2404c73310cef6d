#!/bin/sh
# The rules of the source tree that a compiler does not check:   rules.sh [ROOT]
# Prints TAP; what breaks a rule is listed under it. The layers are those of ARCHITECTURE.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-${CT_SOURCE_ROOT:-$here/../..}}"
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT

number=0
status=0
# rule NAME: standard input holds the offences.
rule() {
  number=$((number + 1))
  if [ -s "$temp/offences" ]; then
    echo "not ok $number - $1"
    head -n 20 "$temp/offences" | sed 's/^/# /'
    status=1
  else
    echo "ok $number - $1"
  fi
}
offences() { cat >"$temp/offences"; }

# Every tracked file, or, without git, every file that is not a build's.
git -c safe.directory='*' ls-files -z >"$temp/list" 2>/dev/null && [ -s "$temp/list" ] ||
  find . -name .git -prune -o -name 'build*' -prune -o -type f -print0 >"$temp/list"
tr '\0' '\n' <"$temp/list" | sed 's|^\./||' >"$temp/files"
find src -name '*.[ch]' | sort >"$temp/sources"
xargs awk -v strings=1 -f "$here/code.awk" <"$temp/sources" >"$temp/text"
xargs awk -v strings=0 -f "$here/code.awk" <"$temp/sources" >"$temp/code"
grep -E '^[^:]*:[0-9]*:[[:space:]]*#[[:space:]]*include' "$temp/text" >"$temp/includes" || true

# only HEADERS FOLDERS: extended regular expressions for <header> and for where it may be included.
only() { grep -E "include[[:space:]]*[<\"]($1)[>\"]" "$temp/includes" | grep -vE "^src/($2)" || true; }
# calls NAMES: where one of the functions is called.
calls() { grep -E "(^|[^A-Za-z0-9_.>])($1)[[:space:]]*\\(" "$temp/code" || true; }

only '(ncursesw?/)?(curses|ncurses|term|panel)\.h' 'ui/term/' | offences
rule 'curses is included in src/ui/term only'

only 'uv\.h' 'otlp/net/|app/|ui/term/' | offences
rule 'libuv is included in src/otlp/net, src/app and src/ui/term only'

{
  only 'curl/.*\.h' 'otlp/net/|app/'
  only 'openssl/.*\.h' 'otlp/net/'
} | offences
rule 'libcurl is included in src/otlp/net and src/app only, OpenSSL in src/otlp/net only'

{
  only '(cjson/)?cJSON\.h' 'otlp/[^/:]*:|ingest/|grafana/|app/'
  only 'pb(_decode|_encode|_common)?\.h' 'otlp/[^/:]*:|journal/'
  only '(zlib|zstd)\.h' 'otlp/[^/:]*:|journal/|app/'
  only '(llhttp|http_parser|nghttp2/.*)\.h' 'otlp/[^/:]*:'
  only 'ini\.h' 'ui/[^/:]*:|app/'
  only 'utf8proc\.h' 'base/'
} | offences
rule 'cJSON, nanopb, zlib, zstd, the HTTP parsers, inih and utf8proc are included in their layers only'

calls 'clock_wall|clock_mono|clock_uptime|clock_gettime|gettimeofday|time|clock|localtime|localtime_r|mktime|rand|rand_r|random|drand48|srand|srandom|getrandom|getentropy|arc4random|arc4random_uniform|getenv|secure_getenv' |
  grep -E '^src/(model/|ui/[^/:]*:|ui/views/)' | offences
rule 'src/model and src/ui read no clock, no randomness and no environment'

calls 'clock_wall|clock_mono|clock_uptime' | grep -vE '^src/(base/clock\.[ch]|app/|journal/|otlp/net/|ui/term/)' | offences
rule 'clocks are read where base/clock.h says'

calls 'fopen|open|openat|socket|connect|accept|read|write|recv|send|printf|fprintf|puts|fputs|putchar' |
  grep -E '^src/(model|ingest|grafana|otlp)/[^/:]*:' | offences
rule 'src/model, src/ingest, src/grafana and the otlp core do no input or output'

calls 'exit|_exit|_Exit|quick_exit' | grep -vE '^src/(app/|ui/term/)' | offences
rule 'nothing below the application ends the process'

calls 'strcpy|strcat|strncat|stpcpy|sprintf|vsprintf|gets|strtok|atoi|atol|atoll|atof|system|popen|alloca|tmpnam|tempnam|mktemp' |
  offences
rule 'banned functions are not called'

grep -E '"[^"]*claude_code[._]' "$temp/text" | grep -vE '^src/(ingest|grafana|app)/' | offences
rule "Claude Code's names stand in src/ingest, src/grafana and src/app only"

# Which folders a layer may include from; "*" for the application. A folder below a layer that is no layer itself
# belongs to it.
cat >"$temp/layers" <<'LAYERS'
base
journal base
otlp base
otlp/net otlp journal base
model base
ingest otlp journal model base
trace model otlp base
grafana base
ui model base
ui/term ui base
app *
LAYERS
awk '
  function layer_of(path,   name) {
    name = path
    sub(/^src\//, "", name)
    while (sub(/\/[^\/]*$/, "", name)) if (name in allowed) return name
    return ""
  }
  FILENAME == ARGV[1] { name = $1; $1 = ""; allowed[name] = $0 " " name " "; next }
  FILENAME == ARGV[2] {
    base = $0
    sub(/.*\//, "", base)
    if (layer_of($0) == "") print $0 ": its folder is no layer that tests/meta/rules.sh knows"
    if (base ~ /\.h$/) {
      if (base in home) print $0 ": another header has this name: " home[base]
      home[base] = $0
    }
    next
  }
  {
    path = $0
    sub(/:.*/, "", path)
    if (!match($0, /"[^"]*"/)) next
    header = substr($0, RSTART + 1, RLENGTH - 2)
    sub(/.*\//, "", header)
    if (!(header in home)) next
    from = layer_of(path)
    to = layer_of(home[header])
    if (index(allowed[from], " * ") == 0 && index(allowed[from], " " to " ") == 0)
      print path ": " from " may not include " header " of " to
  }
' "$temp/layers" "$temp/sources" "$temp/includes" | offences
rule 'includes go down the layers, and header names are unique'

sed -n 's|.*/||; /\.h$/p' "$temp/sources" | grep -xE '(assert|complex|ctype|curses|dirent|err|errno|fcntl|float|form|ini|limits|link|locale|math|memory|menu|panel|pb|poll|pthread|regex|sched|search|setjmp|signal|stdio|stdlib|string|strings|term|termios|threads|time|uchar|unistd|uv|wchar|zlib)\.h' | offences
rule 'no header is named like a system header'

xargs wc -l <"$temp/sources" | awk '$2 != "total" && $1 > 600 { print $2 ": " $1 " lines" }' | offences
rule 'no source file is longer than 600 lines'

# Made-up home folders are fine in tests and in the demo.
{
  grep -vE '^(tests/data/|tests/meta/rules)' "$temp/files" | tr '\n' '\0' | xargs -0 grep -nIE \
    '(^|[^A-Za-z0-9_.])/(work|root)/|\.\./shared|registry\.npmjs\.org|proxy\.golang\.org|pypi\.org|index\.crates\.io|deb\.debian\.org' \
    2>/dev/null || true
  grep -vE '^(tests|data)/' "$temp/files" | tr '\n' '\0' | xargs -0 grep -nIE \
    '(^|[^A-Za-z0-9_.])/(home/[a-z]+|Users/[A-Za-z]+)/' 2>/dev/null || true
} | offences
rule 'nothing refers to paths of one machine or to package registries'

grep -nE '(^|[^A-Za-z])(TODO|FIXME|XXX|HACK)([^A-Za-z]|$)' $(cat "$temp/sources") /dev/null | offences
rule 'nothing is left to be done in a comment'

echo "1..$number"
exit $status
