# What one program of the upstream suite came to, from what `one` has kept of it: a line
#   pass | fail N,N... | complains | error | timeout | broken | cannot
# with the numbers of the cases that failed.  "complains": it has no cases, but told of an error;
# the suite's programs about hooks do so.  "error": it ended with a status.  "timeout": it had to be
# ended.  "broken": it was not even started.  "cannot": this machine does not show that view.
/^not ok [0-9]+/ { failed = failed (failed == "" ? "" : ",") $3 }
/^(not )?ok [0-9]+/ { cases = 1 }
/^ *"error": "./ { complaint = 1 }
/^# status / { status = $3 }
/^# this machine has cgroup v2 only$/ { cannot = 1 }
END {
  if (cannot) print "cannot"
  else if (status == "") print "broken"
  else if (status == 124 || status == 137) print "timeout"
  else if (status != 0) print "error"
  else if (failed != "") print "fail " failed
  else print (complaint && !cases ? "complains" : "pass")
}
