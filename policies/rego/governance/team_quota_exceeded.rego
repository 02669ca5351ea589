# METADATA
# title: A team asks for more than its quota
# description: |
#   What a team takes beyond its quota, the others lack. This counts all definitions of
#   a run, by the label that names the team; upgrades are not counted.
#
#   Instead, ask for less, or have the quota raised.
# schemas:
#   - input: schema.fleet
# custom:
#   on: fleet
#   severity: high
#   references: [CWE-770]
#   settings:
#     label: {default: team, description: The label that names the team.}
#     quotas:
#       type: object
#       default: {}
#       description: "What each team may use at most: cpus, mem, disk, gpus and instances."
#       schema:
#         additionalProperties:
#           type: object
#           additionalProperties: false
#           properties:
#             cpus: {type: number, minimum: 0}
#             mem: {type: number, minimum: 0}
#             disk: {type: number, minimum: 0}
#             gpus: {type: number, minimum: 0}
#             instances: {type: number, minimum: 0}
package policylint.rules.team_quota_exceeded

deny contains {"msg": msg, "document": largest.document, "path": largest.path} if {
	some team, quota in input.settings.quotas
	some resource, limit in quota
	asked := [share | some share in _shares[team]; share.resource == resource]
	total := sum([share.amount | some share in asked])

	# Sums of fractions are a little off.
	total > limit + 0.000001
	largest := [share | some share in asked; share.amount == max([one.amount | some one in asked])][0]
	msg := sprintf("team %s asks for %s %s, its quota is %s", [team, _plain(total), _unit[resource], _plain(limit)])
}

_unit := {
	"cpus": "cpus",
	"mem": "MiB of memory",
	"disk": "MiB of disk",
	"gpus": "gpus",
	"instances": "instances",
}

# What containers and the executor of a pod get that do not say.
_usual := {"cpus": 1, "mem": 128, "disk": 0, "gpus": 0}

_of_executor := {"cpus": 0.1, "mem": 32, "disk": 10, "gpus": 0}

# What every workload adds to what its team asks for.
_shares[team] contains share if {
	some number, document in input.documents
	some index, workload in document.model.workloads
	some label in workload.labels
	label.name == input.settings.label
	team := label.value
	instances := object.get(workload, "instances", 1)
	some resource, amount in object.union(_request(workload), {"instances": 1})
	share := {
		"resource": resource,
		"amount": amount * instances,
		"document": number,
		"index": index,
		"path": workload._at,
	}
}

# What one instance asks for in all; what a template has yet to fill counts for nothing.
_request(workload) := {resource: amount |
	some resource, usual in _usual
	amounts := [amount |
		some container in workload.containers
		amount := _amount(object.get(container, "resources", {}), resource, usual)
	]
	amount := sum(array.concat(amounts, _executor(workload, resource)))
}

_executor(workload, resource) := [amount] if {
	workload.kind == "pod"
	stated := object.get(workload, "executor_resources", {})
	amount := _amount(stated, resource, _of_executor[resource])
}

_executor(workload, _) := [] if workload.kind != "pod"

_amount(resources, resource, _) := resources[resource]

_amount(resources, resource, usual) := usual if {
	not resources[resource]
	not resource in object.get(resources, "_unknown", [])
}

_amount(resources, resource, _) := 0 if resource in object.get(resources, "_unknown", [])

_plain(number) := sprintf("%v", [round(number * 100) / 100])
