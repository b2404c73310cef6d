#!/bin/sh
# Shows that every rule of rules.sh can fail: one offence each in a small tree, and none in a clean one. Prints TAP.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
number=0
status=0

# The clean tree: every layer, allowed includes, and offences that are only comments and strings.
clean() {
  rm -rf "$temp/tree"
  mkdir -p "$temp/tree/src"
  cd "$temp/tree"
  for layer in base journal otlp otlp/net model ingest grafana ui ui/views ui/term app; do
    mkdir -p "src/$layer"
    name=$(echo "$layer" | tr / _)
    echo "#include <stdint.h>" >"src/$layer/$name.h"
    printf '#include "%s.h"\n#include "base.h"\n/* system(1) and\n * gets(2), exit(3) */\n' "$name" >"src/$layer/$name.c"
    printf 'const char *%s_text = "strcpy(x) /* time(0) \\" \x27";  // popen(3)\n' "$name" >>"src/$layer/$name.c"
  done
  printf '#include <curses.h>\n#include "ui.h"\n' >>src/ui/term/ui_term.c
  printf '#include <uv.h>\n#include <curl/curl.h>\n#include <openssl/ssl.h>\n#include "otlp.h"\n#include "journal.h"\nlong n(void) { return clock_mono(); }\n' >>src/otlp/net/otlp_net.c
  printf '#include <cjson/cJSON.h>\n#include "otlp.h"\n#include "model.h"\nconst char *n = "claude_code.tool";\n' >>src/ingest/ingest.c
  printf '#include "model.h"\nint uptime(struct x *s) { return s->time(1) + runtime(2) + x.clock(3); }\n' >>src/ui/views/ui_views.c
  printf '#include "ui.h"\n#include "otlp_net.h"\nvoid f(void) { exit(0); }\n' >>src/app/app.c
}

# offence RULE FILE LINE...: the rule of that number, and no other, must fail once the lines stand in FILE.
offence() {
  rule=$1
  file=$2
  shift 2
  clean
  mkdir -p "$(dirname "$file")"
  printf '%s\n' "$@" >>"$file"
  number=$((number + 1))
  what="rule $rule meets $file: $(printf '%s\n' "$1" | head -n 1)"
  broken=$(sh "$here/rules.sh" "$temp/tree" | sed -n 's/^not ok \([0-9]*\).*/\1/p' | tr '\n' ' ')
  if [ "$broken" = "$rule " ]; then
    echo "ok $number - $what"
  else
    echo "not ok $number - $what"
    echo "# rules that failed: ${broken:-none}"
    status=1
  fi
}

clean
number=$((number + 1))
if sh "$here/rules.sh" "$temp/tree" >"$temp/log"; then
  echo "ok $number - a clean tree breaks no rule"
else
  echo "not ok $number - a clean tree breaks no rule"
  grep -A3 '^not ok' "$temp/log" | sed 's/^/# /'
  status=1
fi

offence 1 src/ui/ui.c '#include <curses.h>'
offence 1 src/app/app.c '# include <ncursesw/term.h>'
offence 2 src/otlp/otlp.c '#include <uv.h>'
offence 2 src/model/model.h '#include <uv.h>'
offence 3 src/app/app.c '#include <openssl/ssl.h>'
offence 3 src/grafana/grafana.c '#include <curl/curl.h>'
offence 4 src/ui/ui.c '#include <cjson/cJSON.h>'
offence 4 src/otlp/net/otlp_net.c '#include <pb_decode.h>'
offence 4 src/otlp/net/otlp_net.c '#include <nghttp2/nghttp2.h>'
offence 4 src/ui/ui.c '#include <utf8proc.h>'
offence 5 src/model/model.c 'long f(void) { return time (0); }'
offence 5 src/ui/views/ui_views.c 'char *f(void) { return getenv("HOME"); }'
offence 6 src/otlp/otlp.c 'long f(void) { return clock_wall(); }'
offence 7 src/otlp/otlp.c 'void f(void) { /* why */ printf("x"); }'
offence 8 src/base/base.c 'void f(void) { if (1) exit(1); }'
offence 9 src/app/app.c 'void f(char *a) { sprintf(a, "x"); }'
offence 9 src/base/base.c '#define COPY(a, b) strcpy(a, b)'
offence 9 src/ui/term/ui_term.c 'int f(void) { return (system)("x") + system("x"); }'
offence 10 src/model/model.c 'const char *name = "claude_code.tool";'
offence 11 src/model/model.c '#include "otlp.h"'
offence 11 src/base/base.h '#include "journal.h"'
offence 11 src/otlp/otlp.c '#include "net/otlp_net.h"'
offence 11 src/ui/ui.c '#include "ui_term.h"'
offence 11 src/other/other.c '#include <stdint.h>'
offence 11 src/model/base.h '#include <stdint.h>'
offence 12 src/base/err.h '#include <stdint.h>'
offence 13 src/base/base.c "$(yes 'int x;' | head -n 600)"
offence 14 docs/notes.md 'see ../shared/reference'
offence 14 src/base/base.c 'const char *path = "/root/x";'
offence 14 docs/notes.md 'it is in /home/somebody/x'
offence 15 src/base/base.c '/* TODO: all of it */'

echo "1..$number"
exit $status
