# What one program of the upstream suite came to, from what `one` has kept of it: a line
#   pass | fail N,N... | complains | error | cannot
# with the numbers of the cases that failed.  "complains": it has no cases, but told of an error;
# the suite's programs about hooks do so.  "error": it ended with a status.  "cannot": this machine
# does not show that view.
/^not ok [0-9]+/ { failed = failed (failed == "" ? "" : ",") $3 }
/^(not )?ok [0-9]+/ { cases = 1 }
/^ *"error": "./ { complaint = 1 }
/^# status / { status = $3 }
END {
  if (status == "") print "cannot"
  else if (status != 0) print "error"
  else if (failed != "") print "fail " failed
  else print (complaint && !cases ? "complains" : "pass")
}
