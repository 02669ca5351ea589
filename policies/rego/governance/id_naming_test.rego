package policylint.rules.id_naming_test

import data.policylint.rules.id_naming

_asked(kind, id) := {
	"model": {"workloads": [{"_at": ["id"], "kind": kind, "id": id}]},
	"settings": {"services": "/[a-z]+", "jobs": "[a-z.]+"},
}

test_the_whole_id_must_fit if {
	some found in id_naming.deny with input as _asked("app", "/web/2")
	found.path == ["id"]
}

test_an_id_that_fits_is_left_alone if {
	found := id_naming.deny with input as _asked("pod", "/web")
	found == set()
}

test_jobs_have_a_pattern_of_their_own if {
	found := id_naming.deny with input as _asked("job", "clean.up")
	found == set()
}
