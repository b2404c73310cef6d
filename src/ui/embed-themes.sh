#!/bin/sh
# embed-themes.sh OUT FILE.ini… - writes the theme files as C string literals: dark.ini becomes BUILTIN_DARK.
set -eu
out=$1
shift
{
    echo '/* Generated from themes/. */'
    for file in "$@"; do
        name=$(basename "$file" .ini | tr 'a-z-' 'A-Z_')
        printf '#define BUILTIN_%s \\\n' "$name"
        sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/    "&\\n" \\/' "$file"
        printf '    ""\n'
    done
} >"$out"
