package policylint.rules.team_quota_exceeded_test

import data.policylint.rules.team_quota_exceeded

_document(workload) := {"model": {"workloads": [object.union(
	{"_at": ["id"], "kind": "app", "labels": [{"name": "team", "value": "web"}]},
	workload,
)]}}

_asked(quota, workloads) := {
	"documents": [_document(workload) | some workload in workloads],
	"settings": {"label": "team", "quotas": {"web": quota}},
}

_two := [
	{"containers": [{"resources": {"cpus": 1, "mem": 64}}]},
	{"containers": [{"resources": {"cpus": 2}}], "instances": 3},
]

test_the_largest_share_is_reported if {
	found := team_quota_exceeded.deny with input as _asked({"cpus": 6}, _two)
	found == {{
		"msg": "team web asks for 7 cpus, its quota is 6",
		"document": 1,
		"path": ["id"],
	}}
}

test_what_is_not_said_is_what_marathon_gives if {
	some found in team_quota_exceeded.deny with input as _asked({"mem": 100}, _two)
	found.msg == "team web asks for 448 MiB of memory, its quota is 100"
}

test_a_quota_may_be_used_up if {
	found := team_quota_exceeded.deny with input as _asked({"cpus": 7, "instances": 4}, _two)
	found == set()
}
