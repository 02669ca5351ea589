package policylint.rules.schedule_not_allowed_test

import data.policylint.rules.schedule_not_allowed

_asked(cron, hours) := {
	"model": {"workloads": [], "schedules": [{"_at": ["cron"], "_paths": {}, "cron": cron}]},
	"settings": {"hours": hours, "time_zones": []},
}

test_hours_are_numbers_lists_ranges_and_steps if {
	every cron, hours in {
		"0 3 * * *": "3",
		"0 1,02 * * *": "1, 2",
		"0 9-11 * * *": "9, 10, 11",
		"0 */8 * * *": "0, 8, 16",
		"0 20/2 * * *": "20, 22",
		"0 1-5/2 * * *": "1, 3, 5",
	} {
		some found in schedule_not_allowed.deny with input as _asked(cron, [23])
		contains(found.msg, sprintf("in the hours %s, which", [hours]))
	}
}

test_an_hour_that_is_not_allowed_is_named if {
	some found in schedule_not_allowed.deny with input as _asked("0 1,9 * * *", [1])
	found.msg == "a run may start in the hours 9, which are not allowed"
}
