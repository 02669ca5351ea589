# METADATA
# title: What the policies on governance share
# description: Which workloads they look at, and what is written where.
# schemas:
#   - input: schema.document
package policylint.lib.governance

# Workloads that are whole: an update leaves out what it does not change.
workloads contains workload if {
	some workload in input.model.workloads
	not workload.partial
}

has_label(workload, name) if {
	some stated in workload.labels
	stated.name == name
}

# The value of a label; undefined where there is none, or a template has yet to fill it.
label(workload, name) := stated.value if {
	some stated in workload.labels
	stated.name == name
}

# Whether no part of the id is left to a template.
has_known_id(workload) if {
	is_string(workload.id)
	not regex.match(`\{\{|\$\{|<%|%\(`, workload.id)
}

# Whether labels can be read: all of them may come from a template.
has_readable_labels(workload) if {
	is_object(object.get(input.source, array.concat(workload._root, ["labels"]), {}))
}

# The path of a label, which need not be there: then its owner is meant.
label_path(workload, name) := array.concat(workload._root, ["labels", name])

# `*` stands for a part of an id, `**` for several: `/web/**` is `/web` too.
matches(id, pattern) if glob.match(pattern, ["/"], id)

matches(id, pattern) if id == trim_suffix(pattern, "/**")
