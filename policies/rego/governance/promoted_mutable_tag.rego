# METADATA
# title: An image outside the development environment has a tag that moves
# description: |
#   What was tested is what runs only if the image cannot change in between. A tag such
#   as `latest` or `develop` is another image tomorrow, and a restart brings it in.
#
#   Instead, name the version or the digest that was tested.
# related_resources:
#   - ref: https://docs.docker.com/build/building/best-practices/#pin-base-image-versions
# schemas:
#   - input: schema.document
# custom:
#   severity: high
#   references: [CWE-494]
#   settings:
#     development:
#       type: strings
#       default: []
#       description: The ids of the development environment, such as `/dev/**` or `dev.*`.
#       schema: {items: {minLength: 1}}
#     mutable:
#       default:
#         - latest
#         - stable
#         - edge
#         - nightly
#         - snapshot
#         - "*-snapshot"
#         - main
#         - master
#         - trunk
#         - dev
#         - develop
#         - test
#         - staging
#         - prod
#       description: Tags that move; `*` stands for anything, case does not matter.
package policylint.rules.promoted_mutable_tag

import data.policylint.lib.governance

deny contains {"msg": msg, "path": image._at} if {
	some workload in _promoted
	some container in workload.containers
	image := container.image
	_is_readable(image)
	not image.digest
	tag := object.get(image, "tag", "latest")
	_is_mutable(tag)
	msg := sprintf("the tag %s moves, and this is not the development environment", [tag])
}

# An id that a template has yet to fill may be one of the development environment.
_promoted contains workload if {
	input.settings.development != []
	some workload in input.model.workloads
	governance.has_known_id(workload)
	every pattern in input.settings.development {
		not governance.matches(workload.id, pattern)
	}
}

_is_readable(image) if count(object.get(image, "_unknown", [])) == 0

_is_mutable(tag) if {
	some pattern in input.settings.mutable
	glob.match(lower(pattern), null, lower(tag))
}
