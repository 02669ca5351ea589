package policylint.rules.known_owner_test

import data.policylint.rules.known_owner

_asked(owner, owners) := {
	"source": {"labels": {}},
	"model": {"workloads": [{
		"_root": ["apps", 0],
		"partial": false,
		"labels": [{"name": "owner", "value": owner}],
	}]},
	"settings": {"label": "owner", "owners": owners},
}

test_an_owner_that_is_listed_may_own if {
	found := known_owner.deny with input as _asked("web", ["data", "web"])
	found == set()
}

test_an_owner_that_is_not_listed_is_reported_at_the_label if {
	some found in known_owner.deny with input as _asked("ops", ["data", "web"])
	found.path == ["apps", 0, "labels", "owner"]
}

test_without_owners_there_is_nothing_to_say if {
	found := known_owner.deny with input as _asked("ops", [])
	found == set()
}
