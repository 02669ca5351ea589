# METADATA
# title: A job runs when it may not
# description: |
#   At certain hours the cluster belongs to those who wait for an answer. A time zone
#   that nobody expects moves a job into them, twice a year or for good.
#
#   Instead, choose an hour at which jobs may run, in a time zone that the policy allows.
# schemas:
#   - input: schema.document
# custom:
#   severity: medium
#   settings:
#     hours:
#       type: integers
#       default: []
#       description: The hours at which jobs may start, such as `[22, 23, 0, 1, 2]`.
#       schema: {items: {minimum: 0, maximum: 23}}
#     time_zones:
#       type: strings
#       default: []
#       description: The time zones in which schedules may be written, such as `UTC`.
package policylint.rules.schedule_not_allowed

deny contains {"msg": msg, "path": schedule._at} if {
	some schedule in _schedules
	wrong := _hours(_field(schedule.cron)) - _allowed_hours
	count(wrong) > 0
	words := concat(", ", [sprintf("%d", [hour]) | some hour in sort(wrong)])
	msg := sprintf("a run may start in the hours %s, which are not allowed", [words])
}

deny contains {"msg": msg, "path": path} if {
	some schedule in _schedules
	not "timezone" in object.get(schedule, "_unknown", [])
	zone := object.get(schedule, "timezone", "UTC")
	not zone in _allowed_zones
	path := object.get(schedule._paths, "timezone", schedule._at)
	msg := sprintf("the time zone %s is not allowed", [zone])
}

# Undefined, and with them the rule silent, until a policy names any.
_allowed_hours := {hour | some hour in input.settings.hours} if count(input.settings.hours) > 0

_allowed_zones := {zone | some zone in input.settings.time_zones} if {
	count(input.settings.time_zones) > 0
}

# Schedules that run: those of jobs, and those that stand alone.
_schedules contains schedule if {
	some schedule in _all
	object.get(schedule, "enabled", true) != false
}

_all contains schedule if {
	some workload in input.model.workloads
	some schedule in workload.schedules
}

_all contains schedule if some schedule in input.model.schedules

# The second word of a cron line: lists of numbers, ranges and steps.
_field(cron) := regex.split(`\s+`, trim_space(cron))[1]

_hours(field) := union({hours |
	some part in split(field, ",")
	hours := _part(part)
})

_part(part) := {hour |
	[range, step] := _stepped(part)
	[first, last] := _ends(range, step)
	some hour in numbers.range_step(first, last, step)
	hour < 24
}

_stepped(part) := [part, 1] if not contains(part, "/")

_stepped(part) := [range, _number(step)] if [range, step] := split(part, "/")

_ends("*", _) := [0, 23]

_ends(range, _) := [_number(first), _number(last)] if {
	[first, last] := split(range, "-")
	_number(first) <= _number(last)
}

_ends(range, 1) := [_number(range), _number(range)] if regex.match(`^\d+$`, range)

# `5/3` begins at 5 and goes on to the end of the day.
_ends(range, step) := [_number(range), 23] if {
	step > 1
	regex.match(`^\d+$`, range)
}

# A number may begin with zeros here.
_number(text) := to_number(regex.replace(text, `^0+(\d)`, "$1"))
