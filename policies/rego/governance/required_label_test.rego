package policylint.rules.required_label_test

import data.policylint.rules.required_label

_asked(labels, wanted) := {
	"source": {"labels": {}},
	"model": {"workloads": [{"_root": [], "partial": false, "labels": labels}]},
	"settings": {"labels": wanted},
}

test_a_label_that_is_missing_is_reported_where_it_should_be if {
	found := required_label.deny with input as _asked([{"name": "a", "value": "x"}], ["a", "b"])
	found == {{"msg": "the label b is missing", "path": ["labels", "b"]}}
}

test_an_empty_label_says_nothing if {
	found := required_label.deny with input as _asked([{"name": "a", "value": " "}], ["a"])
	found == {{"msg": "the label a is empty", "path": ["labels", "a"]}}
}

test_an_update_need_not_say_everything if {
	asked := json.patch(_asked([], ["a"]), [{
		"op": "replace",
		"path": "/model/workloads/0/partial",
		"value": true,
	}])
	found := required_label.deny with input as asked
	found == set()
}
