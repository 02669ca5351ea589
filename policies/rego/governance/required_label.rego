# METADATA
# title: A label is missing that every service needs
# description: |
#   Labels say whose a service is, what it costs and whom to wake at night. One that
#   is missing is found out when somebody needs it.
#
#   Instead, add the label to the definition.
# schemas:
#   - input: schema.document
# custom:
#   severity: medium
#   settings:
#     labels:
#       type: strings
#       default: []
#       description: The labels that every app, pod and job must have, with a value.
#       schema: {items: {minLength: 1}}
package policylint.rules.required_label

import data.policylint.lib.governance

deny contains {"msg": msg, "path": governance.label_path(workload, name)} if {
	some workload in governance.workloads
	governance.has_readable_labels(workload)
	some name in input.settings.labels
	msg := _fault(workload, name)
}

_fault(workload, name) := sprintf("the label %s is missing", [name]) if {
	not governance.has_label(workload, name)
}

_fault(workload, name) := sprintf("the label %s is empty", [name]) if {
	trim_space(governance.label(workload, name)) == ""
}
