# Prints FILE:LINE:code for C sources without comments; with strings=0 the contents of string and character literals
# go too. State goes across lines for comments only.
FNR == 1 { in_comment = 0 }
{
  line = $0
  out = ""
  while (line != "") {
    if (in_comment) {
      end = index(line, "*/")
      if (!end) { line = ""; break }
      line = substr(line, end + 2)
      in_comment = 0
      out = out " "
      continue
    }
    c = substr(line, 1, 1)
    two = substr(line, 1, 2)
    if (two == "/*") { in_comment = 1; line = substr(line, 3); continue }
    if (two == "//") break
    if (c == "\"" || c == "'") {
      if (match(substr(line, 2), c == "\"" ? "^([^\"\\\\]|\\\\.)*\"" : "^([^'\\\\]|\\\\.)*'")) {
        out = out (strings ? substr(line, 1, RLENGTH + 1) : c c)
        line = substr(line, RLENGTH + 2)
        continue
      }
    }
    out = out c
    line = substr(line, 2)
  }
  if (out ~ /[^ \t]/) print FILENAME ":" FNR ":" out
}
