"""Policies in Rego, evaluated by a real `opa` binary."""
