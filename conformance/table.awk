# Makes conformance/RESULTS.md of lines "RUNTIME <tab> CASE <tab> RESULT".
# Variables: columns (names, "|" between), kernel, date.  The last three columns are the controls.
function cell(name, case_name) {
  return (name, case_name) in result ? result[name, case_name] : "none"
}

function row(first, what,   i, line) {
  line = "| " first " |"
  for (i = 1; i <= count; ++i) line = line " " (totals[name[i], what] + 0) " |"
  return line
}

function listed(title, wanted,   i) {
  printf "\n%s", title
  for (i = 1; i <= cases; ++i) if (wanted[i]) break
  if (i > cases) { print " None."; return }
  print "\n"
  for (i = 1; i <= cases; ++i) if (wanted[i]) print "- " order[i]
}

!seen[$2]++ { order[++cases] = $2 }
{ result[$1, $2] = $3; ++totals[$1, $3] }

END {
  count = split(columns, name, "|")
  print "# Results\n"
  print "Made by `conformance/run --table`, " date ", Linux " kernel "; what the suite is, and what"
  print "the columns after the runtimes are, is in README.md."
  print "\n## Sums\n"
  line = "| |"; rule = "|---|"
  for (i = 1; i <= count; ++i) { line = line " " name[i] " |"; rule = rule "---|" }
  print line "\n" rule
  print row("passed", "pass") "\n" row("failed", "FAIL") "\n" row("skipped", "skip")
  for (i = 1; i <= cases; ++i) {
    passes = 0; skips = 0
    for (j = 1; j <= count - 3; ++j) {
      passes += cell(name[j], order[i]) == "pass"
      skips += cell(name[j], order[i]) == "skip"
    }
    nowhere[i] = passes == 0 && skips < count - 3
    untried[i] = skips == count - 3
    vacuous[i] = cell("silent", order[i]) == "pass" || cell("refusing", order[i]) == "pass"
  }
  print "\n## What the controls show"
  listed("Cases that a runtime passes which does nothing, or refuses everything:", vacuous)
  listed("Cases that no runtime passes:", nowhere)
  listed("Cases that could not be tried here with any runtime:", untried)
  print "\n## Case by case\n"
  line = "| case |"; rule = "|---|"
  for (i = 1; i <= count; ++i) { line = line " " name[i] " |"; rule = rule "---|" }
  print line "\n" rule
  for (i = 1; i <= cases; ++i) {
    line = "| " order[i] " |"
    for (j = 1; j <= count; ++j) line = line " " cell(name[j], order[i]) " |"
    print line
  }
}
