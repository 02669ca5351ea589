"""Rules on secrets that stand where everybody can read them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.detect.placeholders import is_hole
from policylint.detect.secret_words import is_literal_secret, is_secret_name
from policylint.finding import Problem
from policylint.model import UNKNOWN
from policylint.rule import rule
from policylint.rules.workload.commands import read_for_secrets
from policylint.workload import EnvVar, Label, Text, Texts, Workload

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from policylint.finding import Problems
    from policylint.model import Value
    from policylint.workload import Command, Container

# Of suppressions; some name a rule on secrets.
_OWN_LABELS = "policylint."
_USER_NAMES = ("user", "username", "login")


@rule(
    on=EnvVar,
    severity="high",
    family="secrets",
    confidence="medium",
    refs="NIST:4.1.4 CWE-526 CWE-798 CWE-312 ATTACK:T1552.001",
    unless=("private-key-inline", "provider-credential", "default-credential", "credential-in-uri"),
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


@rule(
    on=Text,
    severity="critical",
    family="secrets",
    refs="NIST:4.1.4 CWE-321 CWE-798 ATTACK:T1552.004",
)
def private_key_inline(text: Text) -> Problems:
    """Private key written into a definition.

    Whoever reads the definition, in the repository or through the scheduler's API,
    can pose as its owner.

    Instead, revoke the key, and mount a new one as a file from a secret.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "env": {
          "KEY": "-----BEGIN RSA PRIVATE KEY-----\\nMIIEowIBAAKCAQEA0Zr7"}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "secrets": {"key": {"source": "web/key"}},
          "container": {"type": "MESOS", "volumes": [
            {"containerPath": "key.pem", "secret": "key"}]}}
    """
    from policylint.detect.credentials import has_private_key

    if has_private_key(text.value.value):
        yield Problem(text, "holds a private key, for everybody who reads this", secret=True)


@rule(
    on=Texts,
    severity="critical",
    family="secrets",
    refs="NIST:4.1.4 CWE-798 ATTACK:T1552.001",
)
def provider_credential(texts: Texts, *, extra_patterns: tuple[str, ...] = ()) -> Problems:
    """Credential of a provider.

    It is known by its form and can be used as soon as it is read; robots look for
    such strings in repositories all day.

    Instead, revoke it at once, and reference a secret that holds a new one.

    Settings:
        extra_patterns: Regular expressions of credentials of your own.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "env": {"K": "ghp_0123456789abcdefghijABCDEFGHIJ012345"}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "env": {"K": {"secret": "github"}},
          "secrets": {"github": {"source": "web/github"}}}
    """
    for text in texts.every() if extra_patterns else texts.likely:
        from policylint.detect.credentials import token

        value = text.value.value
        found = token(value)
        if found is not None:
            message = f"holds {found.what}, which works for everybody who reads it"
            yield Problem(text, message, severity=found.severity, secret=True)
        elif any(re.search(pattern, value) for pattern in extra_patterns):
            yield Problem(text, "holds what the policy knows as a credential", secret=True)


@rule(
    on=Text,
    severity="high",
    family="secrets",
    refs="NIST:4.1.4 CWE-522 CWE-598 ATTACK:T1552.001",
    unless=("private-key-inline", "provider-credential", "default-credential"),
)
def credential_in_uri(text: Text) -> Problems:
    """Credential in a URI.

    URIs are shown in the web interface and written into logs, by the fetcher and
    by everything on the way.

    Instead, give the address without it, and the password by a variable that references a secret.

    Bad (marathon):
        {"id": "/web", "cmd": "run",
          "fetch": [{"uri": "https://bob:hunter22@downloads.example.com/web.tgz"}]}

    Good (marathon):
        {"id": "/web", "cmd": "run", "fetch": [{"uri": "https://downloads.example.com/web.tgz"}]}
    """
    from policylint.detect.credentials import has_signed_query, is_sample, logins

    value = text.value.value
    if not all(map(is_sample, logins(value))):
        yield Problem(text, "a URI holds a password, which logs and the API show", secret=True)
    elif text.is_fetched and has_signed_query(value):
        yield Problem(
            text,
            "the URI's query holds a token or a signature, which logs and the API show",
            instead="instead, fetch it from where the agents need no token",
            secret=True,
        )


@rule(
    on=Workload,
    severity="high",
    family="secrets",
    refs="CWE-1392 CWE-798 ATTACK:T1078.001",
    unless=("private-key-inline", "provider-credential"),
)
def default_credential(workload: Workload, *, default_passwords: tuple[str, ...] = ()) -> Problems:
    """Well-known default password.

    It is the first thing that anybody tries: to know it, nobody has to read anything.

    Instead, generate one, and reference it as a secret.

    Settings:
        default_passwords: Further passwords that everybody knows, in any case.

    Bad (marathon):
        {"id": "/db", "container": {"docker": {"image": "postgres:16"}},
          "env": {"POSTGRES_PASSWORD": "password"}}

    Good (marathon):
        {"id": "/db", "container": {"docker": {"image": "postgres:16"}},
          "env": {"POSTGRES_PASSWORD": {"secret": "db"}}, "secrets": {"db": {"source": "db/admin"}}}
    """
    for container in workload.containers:
        names = {*_product_names(workload, container), *_users(container)}
        for variable in container.env:
            yield from _default_variable(variable, names, default_passwords)
        for artifact in container.artifacts:
            yield from _default_in_uri(artifact.uri, default_passwords)
        checks = (check.command for check in (*workload.health_checks, *container.health_checks))
        for command in (container.command, container.entrypoint, *checks):
            yield from _default_in_command(command, names, default_passwords)


@rule(
    on=Label,
    severity="high",
    family="secrets",
    confidence="medium",
    refs="CWE-312 CWE-916 ATTACK:T1552",
    unless=("private-key-inline", "provider-credential", "credential-in-uri"),
)
def secret_in_label(label: Label) -> Problems:
    """Secret in a label.

    Everything that discovers services reads the labels, and so does everybody with
    access to the API; they are exported into the environment of the task, too.

    Instead, move it to `secrets`; where a proxy wants a password, write its hash.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "labels": {"HAPROXY_0_AUTH": "realm:bob:hunter2"}}

    Good (marathon):
        {"id": "/web", "cmd": "run",
          "labels": {"HAPROXY_0_AUTH": "realm:bob:$6$salt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSI"}}
    """
    value = label.value
    if not value.is_known or label.name.startswith(_OWN_LABELS):
        return
    passwords = _proxy_passwords(label.name, value.value)
    if passwords is not None:
        yield from _weak_passwords(label, passwords)
    elif is_secret_name(label.name) and is_literal_secret(value.value, label.name):
        yield Problem(
            value,
            f"label {label.name} holds a secret in plain text, for every client of the API",
            secret=True,
        )


@rule(
    on=Workload,
    severity="high",
    family="secrets",
    refs="CWE-706",
)
def secret_reference_undefined(workload: Workload) -> Problems:
    """Secret referenced that is not defined.

    The scheduler refuses the definition.

    Instead, define it under `secrets`, with the path in the store as its `source`.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "env": {"DB_PASSWORD": {"secret": "db"}}, "secrets": {}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "env": {"DB_PASSWORD": {"secret": "db"}},
          "secrets": {"db": {"source": "web/db"}}}
    """
    defined = {secret.name for secret in workload.secrets}
    if UNKNOWN in defined or (workload.partial and not defined):
        return  # another rendering of the template, or the stored definition, may have it
    for container in workload.containers:
        for reference in _references(container):
            if reference.is_known and reference.value not in defined:
                yield Problem(reference, f'no secret "{reference.value}" is defined here')


def _references(container: Container) -> Iterator[Value[str]]:
    for variable in container.env:
        if variable.secret is not None:
            yield variable.secret
    for volume in container.volumes:
        if volume.kind == "secret" and volume.name is not None:
            yield volume.name
        yield from volume.secrets
    if container.pull_secret is not None:
        yield container.pull_secret


def _product_names(workload: Workload, container: Container) -> Iterator[str]:
    """What the program may be called: by its image and by the workload's id."""
    if container.image is not None and container.image.reference.is_known:
        yield container.image.repository.rpartition("/")[2]
    if workload.id.is_known:
        yield workload.id.value.rpartition("/")[2]


def _users(container: Container) -> Iterator[str]:
    for variable in container.env:
        word = variable.name.lower().replace("-", "_").rpartition("_")[2]
        if word in _USER_NAMES and variable.value is not None and variable.value.is_known:
            yield variable.value.value


def _default_variable(
    variable: EnvVar, names: Collection[str], more: Collection[str]
) -> Iterator[Problem]:
    value = variable.value
    if value is None or not value.is_known:
        return
    if not is_secret_name(variable.name):
        yield from _default_in_uri(value, more)
        return
    from policylint.detect.passwords import is_default

    own = (*names, *variable.name.lower().split("_")[:-1])
    if not is_hole(value.value) and is_default(value.value, own, more):
        # The store of authorities that everybody trusts holds nothing to hide.
        is_public = variable.name.upper().endswith("TRUSTSTORE_PASSWORD")
        is_usual = is_public and value.value.lower() == "changeit"
        yield Problem(
            value,
            f"{variable.name} is a password that everybody tries first",
            severity="low" if is_usual else None,
            secret=True,
        )


def _default_in_uri(value: Value[str], more: Collection[str]) -> Iterator[Problem]:
    if not value.is_known or "://" not in value.value or "@" not in value.value:
        return
    from policylint.detect.credentials import logins
    from policylint.detect.passwords import is_default

    if any(is_default(login.password, (login.user,), more) for login in logins(value.value)):
        yield Problem(value, "a URI holds a password that everybody tries first", secret=True)


def _default_in_command(
    command: Command | None, names: Collection[str], more: Collection[str]
) -> Iterator[Problem]:
    line = read_for_secrets(command) if command is not None else None
    if line is None:
        return
    from policylint.detect.passwords import is_default
    from policylint.detect.scripts import secrets_handed

    default = (
        handed
        for handed in secrets_handed(line.script)
        if is_default(handed.value, (*names, handed.user), more)
    )
    for value, handed in line.placed(default):
        yield Problem(
            value,
            f"{handed.name} is a password that everybody tries first",
            secret=True,
        )


def _proxy_passwords(name: str, value: str) -> list[str] | None:
    """The passwords, hashed or not, in a label that tells a proxy its users; None in others."""
    plain = name.lower()
    if "auth" not in plain:
        return None
    if re.fullmatch(r"haproxy_(?:\d+_)?auth", plain):
        return [value.split(":", 2)[2]] if value.count(":") > 1 else []
    if plain.startswith("traefik") and re.search(
        r"basic_?auth(?:\.users)?$|auth\.basic(?:\.users)?$", plain
    ):
        users = (user.partition(":")[2] for user in value.replace("$$", "$").split(","))
        return [password.strip() for password in users if password.strip()]
    return None


def _weak_passwords(label: Label, passwords: list[str]) -> Iterator[Problem]:
    plain = [each for each in passwords if not each.startswith(("$", "{"))]
    if any(is_literal_secret(each) for each in plain):
        yield Problem(
            label.value,
            f"label {label.name} holds a password in plain text, for every client of the API",
            instead="instead, write its hash: `mkpasswd -m sha-512` makes one",
            secret=True,
        )
    elif any(each.startswith(("$1$", "$apr1$", "{SHA}")) for each in passwords):
        yield Problem(
            label.value,
            f"label {label.name} holds a password under a weak hash, which is quickly undone",
            severity="low",
            instead="instead, write a stronger hash: `mkpasswd -m sha-512` makes one",
            secret=True,
        )
