# What one program of the upstream suite came to, from what `one` has kept of it: a line
#   pass | fail N,N... | error | empty | cannot
# with the numbers of the cases that failed.  "error": it ended with a status, "empty": it had no
# case and so tested nothing, "cannot": this machine does not show that view.
/^not ok [0-9]+/ { failed = failed (failed == "" ? "" : ",") $3 }
/^ok [0-9]+/ { ++passed }
/^# status / { status = $3 }
END {
  if (status == "") print "cannot"
  else if (status != 0) print "error"
  else if (failed != "") print "fail " failed
  else print passed > 0 ? "pass" : "empty"
}
