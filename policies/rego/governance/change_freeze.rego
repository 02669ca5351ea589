# METADATA
# title: Changes are frozen on this day
# description: |
#   While changes are frozen, nobody may be there who can mend what a change breaks.
#
#   Instead, wait until the freeze is over. What cannot wait is an exemption, with a
#   reason and an end.
# schemas:
#   - input: schema.document
# custom:
#   severity: high
#   settings:
#     freezes:
#       type: strings
#       default: []
#       description: First and last day of every freeze, as in `2027-12-20/2028-01-02`.
#       schema:
#         items:
#           pattern: ^[0-9]{4}-[01][0-9]-[0-3][0-9]/[0-9]{4}-[01][0-9]-[0-3][0-9]$
#     weekdays:
#       type: strings
#       default: []
#       description: Days of the week on which nothing changes, such as `friday`.
#       schema:
#         items: {enum: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]}
#     ids:
#       type: strings
#       default: ["**"]
#       description: The ids for which this holds, such as `/prod/**`; by default all.
package policylint.rules.change_freeze

import data.policylint.lib.governance

deny contains {"msg": msg, "path": workload._at} if {
	some msg in _frozen
	some workload in input.model.workloads
	_is_meant(workload)
}

_frozen contains sprintf("changes are frozen from %s to %s", [first, last]) if {
	some freeze in input.settings.freezes
	[first, last] := split(freeze, "/")
	data.policylint.today >= first
	data.policylint.today <= last
}

_frozen contains sprintf("nothing changes on a %s", [day]) if {
	some day in input.settings.weekdays
	day == lower(time.weekday(time.parse_rfc3339_ns(sprintf("%sT00:00:00Z", [data.policylint.today]))))
}

_is_meant(workload) if {
	some pattern in input.settings.ids
	governance.matches(object.get(workload, "id", ""), pattern)
}
