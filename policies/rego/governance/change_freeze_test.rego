package policylint.rules.change_freeze_test

import data.policylint.rules.change_freeze

_asked(settings) := {
	"model": {"workloads": [{"_at": ["id"], "id": "/web"}]},
	"settings": object.union({"freezes": [], "weekdays": [], "ids": ["**"]}, settings),
}

test_both_ends_belong_to_a_freeze if {
	every day in ["2027-12-20", "2028-01-02"] {
		found := change_freeze.deny with input as _asked({"freezes": ["2027-12-20/2028-01-02"]})
			with data.policylint.today as day
		count(found) == 1
	}
}

test_the_days_around_a_freeze_do_not if {
	every day in ["2027-12-19", "2028-01-03"] {
		found := change_freeze.deny with input as _asked({"freezes": ["2027-12-20/2028-01-02"]})
			with data.policylint.today as day
		found == set()
	}
}

test_a_day_of_the_week_is_known_by_its_name if {
	some found in change_freeze.deny with input as _asked({"weekdays": ["friday"]})
		with data.policylint.today as "2027-12-24"
	found.msg == "nothing changes on a friday"
}
