"""Rules on secrets that stand where everybody can read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.secrets import is_literal_secret, is_secret_name
from policylint.finding import Problem
from policylint.model import EnvVar
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.finding import Problems


@rule(
    on=EnvVar,
    severity="high",
    family="secrets",
    confidence="medium",
    refs="NIST:4.1.4 CWE-526 CWE-798 CWE-312 ATTACK:T1552.001",
)
def plaintext_secret_env(variable: EnvVar, *, allow_keys: tuple[str, ...] = ()) -> Problems:
    """Secret in an environment variable in plain text.

    It is shown by the scheduler's API and web interface, in the task's state and
    in crash dumps, and stays in the repository's history.

    Instead, reference a secret: `{"secret": "name"}` here, `name` under `secrets`.

    Settings:
        allow_keys: Names of variables that hold no secret in spite of their name.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "env": {"DB_PASSWORD": "hunter2hunter2"}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "env": {"DB_PASSWORD": {"secret": "db"}},
          "secrets": {"db": {"source": "web/db"}}}
    """
    value = variable.value
    if value is None or not value.is_known or variable.name in allow_keys:
        return
    if is_secret_name(variable.name) and is_literal_secret(value.value, variable.name):
        yield Problem(
            value, f"{variable.name} holds a secret in plain text, which the API shows", secret=True
        )
