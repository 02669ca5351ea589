"""Files in which people and programs keep credentials, by their names."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

NAMES = frozenset({
    ".aws", ".dockercfg", ".env", ".env.local", ".git-credentials", ".gnupg", ".my.cnf", ".netrc",
    ".npmrc", ".pgpass", ".pypirc", ".s3cfg", ".ssh", ".vault-token", "credentials",
    "credentials.json", "credentials.toml", "credentials.xml", "database.yml", "id_dsa",
    "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "id_rsa", "kubeconfig",
    "password.txt", "secret_token.rb", "terraform.tfstate",
})  # fmt: skip
_IN_FOLDERS = (".docker/config.json", ".kube/config")
# Whatever stands in these, it is nothing else.
KEYS = frozenset({"id_dsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "id_rsa"})
EXTENSIONS = (
    ".agilekeychain", ".jks", ".keychain", ".keystore", ".keytab", ".ovpn", ".p12",
    ".pcap", ".pfx", ".ppk", ".private_key", ".psafe3", ".rdp",
)  # fmt: skip

_ENDINGS = _IN_FOLDERS + EXTENSIONS

# Variables that tell a program where its credentials are.
VARIABLES = frozenset({
    "ANSIBLE_VAULT_PASSWORD_FILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE", "AZURE_AUTH_LOCATION", "BOTO_CONFIG",
    "GOOGLE_APPLICATION_CREDENTIALS", "HF_TOKEN_PATH", "KUBECONFIG", "NETRC",
    "NPM_CONFIG_USERCONFIG", "PGPASSFILE",
})  # fmt: skip

# `.env*` is meant for `.env`, `*` for everything.
_SHORTEST_BEGINNING = 3


def is_credential_file(
    path: str, names: Collection[str] = (), extensions: Collection[str] = ()
) -> bool:
    """Whether a path, which may have wildcards, is that of a file with credentials.

    `names` and `extensions` are further ones.
    """
    path = path.replace("\\", "/").rstrip("/").lower()
    name = path.rpartition("/")[2]
    if name in NAMES or path.endswith(_ENDINGS):
        return True
    further = [each.lower() for each in names] if names else []
    if name in further or (extensions and name.endswith(tuple(map(_ending, extensions)))):
        return True
    if name.find("*") < _SHORTEST_BEGINNING:
        return False
    return any(fnmatchcase(each, name) for each in (*NAMES, *further))


def _ending(extension: str) -> str:
    return f".{extension.lower().lstrip('.')}"
