# METADATA
# title: Nobody that the organisation knows owns a service
# description: |
#   A service whose owner is a team that is gone, or a name that somebody mistyped,
#   has no owner when it matters.
#
#   Instead, name one of the teams that the policy lists.
# schemas:
#   - input: schema.document
# custom:
#   severity: medium
#   settings:
#     label: {default: owner, description: The label that names the owner.}
#     owners:
#       type: strings
#       default: []
#       description: Those who may own a service, such as `team-web`; `team-*` is a pattern.
#       schema: {items: {minLength: 1}}
package policylint.rules.known_owner

import data.policylint.lib.governance

deny contains {"msg": msg, "path": governance.label_path(workload, input.settings.label)} if {
	count(input.settings.owners) > 0
	some workload in governance.workloads
	governance.has_readable_labels(workload)
	msg := _fault(workload)
}

_fault(workload) := sprintf("no owner: the label %s is missing", [input.settings.label]) if {
	not governance.has_label(workload, input.settings.label)
}

_fault(workload) := sprintf("%q is none of the owners that the policy lists", [owner]) if {
	owner := governance.label(workload, input.settings.label)
	not _is_known(owner)
}

_is_known(owner) if {
	some pattern in input.settings.owners
	glob.match(pattern, null, owner)
}
