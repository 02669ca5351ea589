# METADATA
# title: An id is not named as the organisation names things
# description: |
#   Dashboards, firewalls and permissions go by the id. One that is named in another
#   way falls out of all of them.
#
#   Instead, choose an id that fits the pattern.
# schemas:
#   - input: schema.document
# custom:
#   severity: low
#   settings:
#     services:
#       default: ""
#       description: A regular expression that the absolute id of every app and pod must fit as a whole.
#       schema: {format: regex}
#     jobs:
#       default: ""
#       description: A regular expression that the id of every job must fit as a whole.
#       schema: {format: regex}
package policylint.rules.id_naming

import data.policylint.lib.governance

deny contains {"msg": msg, "path": workload._at} if {
	some workload in input.model.workloads
	governance.has_known_id(workload)
	wanted := _pattern(workload.kind)
	wanted != ""

	# What cannot be read as a pattern here fits nothing, so that it is noticed.
	not regex.match(sprintf("^(?:%s)$", [wanted]), workload.id)
	msg := sprintf("the id %s does not fit %s", [workload.id, wanted])
}

_pattern("job") := input.settings.jobs

_pattern(kind) := input.settings.services if kind != "job"
