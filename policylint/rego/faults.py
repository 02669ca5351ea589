"""What OPA says is wrong, with the file that is meant and the way out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.policy import suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policylint.rego.opa import Fault

CANCELLED = "eval_cancel_error"
PARSE = "rego_parse_error"
# By whether policies are read as Rego v0.
OTHER_VERSION = {
    False: "this is Rego v0: `opa fmt --write --v0-v1` turns it into Rego v1,"
    " and --rego-version v0 reads it as it is",
    True: "this is Rego v1: `import rego.v1` says so, or leave out --rego-version v0",
}

_FILE = re.compile(r"\bpolicies/\d+\.rego\b|\bdata/(?:[^:\n]*/)?\d+\.(?:json|ya?ml)\b")
_FUNCTION = re.compile(r"undefined function (\S+)")
_REFERENCE = re.compile(r"undefined ref: (\S+)")
_SCHEMA = re.compile(r"undefined schema: (\S+)")
_SANDBOX = {
    "http.send": "policies have no network",
    "net.lookup_ip_addr": "policies have no network",
    "opa.runtime": "policies do not see the environment",
    "time.now_ns": "policies have no clock: the moment of the run is data.policylint.now,"
    " its day data.policylint.today",
    "rand.intn": "policies give the same answer every time: there is no randomness",
    "uuid.rfc4122": "policies give the same answer every time: there is no randomness",
}
_OF_CONFTEST = frozenset({"parse_config", "parse_config_file", "parse_combined_config_files"})
_WAYS_OUT = {
    "rego_unsafe_var_error": "nothing gives it a value: is it misspelt, or an import missing?",
    "rego_recursion_error": "a rule cannot ask for itself, not even by way of others",
    "eval_conflict_error": "make conditions that exclude each other, or a set with `contains`",
    CANCELLED: "make it simpler, or give it more time with --opa-timeout",
}


def explained(fault: Fault, names: Mapping[str, str], hint: str = "") -> str:
    """A fault as one message: where, what, and what to do; `names` are those of the files."""
    message = _named(" ".join(fault.message.split()), names)
    hint = hint or _way_out(fault)
    place = f"{names.get(fault.file, fault.file)}:{fault.row}:{fault.column}: "
    return f"{place if fault.file else ''}{message}{hint and _on_its_line(hint)}"


def _named(message: str, names: Mapping[str, str]) -> str:
    return _FILE.sub(lambda file: names.get(file[0], file[0]), message)


def _on_its_line(hint: str) -> str:
    return hint if hint.startswith("\n") else f"\n  {hint}"


def _way_out(fault: Fault) -> str:
    function = _FUNCTION.match(fault.message)
    if function and function[1] in _OF_CONFTEST:
        return "opa has no such function, only conftest: move what uses it into a file of tests"
    if function:
        return _SANDBOX.get(function[1], "is it misspelt, or is the file that has it not loaded?")
    known = fault.details.get("oneOf")
    reference = _REFERENCE.match(fault.message)
    if reference and isinstance(known, list) and known:
        last = re.split(r"[.\[]", reference[1])[-1].strip('"]')
        words = [str(word) for word in known]
        return suggestion(last, words) or f"there are: {', '.join(sorted(words))}"
    if _SCHEMA.match(fault.message):
        return "there are: schema.document, schema.fleet"
    return _WAYS_OUT.get(fault.code, "")
