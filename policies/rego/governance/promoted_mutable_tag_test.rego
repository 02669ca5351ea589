package policylint.rules.promoted_mutable_tag_test

import data.policylint.rules.promoted_mutable_tag

_asked(id, image) := {
	"model": {"workloads": [{"id": id, "containers": [{"image": image}]}]},
	"settings": {"development": ["/dev/**"], "mutable": ["latest", "*-snapshot"]},
}

test_a_tag_that_moves_stays_in_development if {
	image := {"_at": ["image"], "tag": "1-SNAPSHOT"}
	some found in promoted_mutable_tag.deny with input as _asked("/prod/web", image)
	found.path == ["image"]
	allowed := promoted_mutable_tag.deny with input as _asked("/dev/web", image)
	allowed == set()
}

test_a_digest_may_go_anywhere if {
	image := {"_at": ["image"], "tag": "latest", "digest": "sha256:01"}
	found := promoted_mutable_tag.deny with input as _asked("/prod/web", image)
	found == set()
}
