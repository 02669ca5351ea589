"""Whether a text may hold a credential, asked of every document: most do not, and pay nothing.

What it is stands in `credentials`, which is loaded only where the answer is yes.
"""

from __future__ import annotations

from policylint.patterns import regex

# "-----BEGIN " and "PRIVATE KEY" in base64, the latter from each of the three places in a group.
ENCODED_KEYS = ("LS0tLS1CRUdJTi", "UFJJVkFURSBLRV", "BSSVZBVEUgS0VZ", "QUklWQVRFIEtFW")
# One of these stands in every text with a token or a private key that `credentials` knows, or
# one of GitHub's.
_MARKS = (
    "AKIA", "ASIA", "github_pat_", "glpat-", "xox", "hooks.slack.com/services/", "AIza", "sk_live_",
    "SG.", "npm_", "dckr_pat_", "hvs.", "AccountKey=", "eyJ", "PRIVATE KEY", *ENCODED_KEYS,
)  # fmt: skip
_OF_GITHUB = ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")

USER_INFO = regex(r"://(?P<user>[^\s/?#:@\"'\\]*):(?P<password>[^\s/?#@\"'\\]+)@(?=[\w\[$%{<*-])")
# In small letters: keys in the query of a URI.
_QUERY_KEYS = ("token=", "sig=", "signature=", "password=", "secret=", "access_key=", "credential=")

# In small letters: one of these stands in the name of every secret, and in `Authorization`.
_NAME_PARTS = ("pass", "pwd", "secret", "token", "key", "credential", "webhook", "authorization")
# What a shell takes out of words.
_TAKEN_OUT = "\\\"'$\r\n"


def is_likely(text: str) -> bool:
    """Whether a text may hold a credential: quick, and never wrong in saying no."""
    return (
        any(map(text.__contains__, _MARKS))
        or ("gh" in text and any(map(text.__contains__, _OF_GITHUB)))
        or (text.rfind("@") > text.find("://") >= 0 and bool(USER_INFO.search(text)))
        or ("?" in text and _has_query_key(text.lower()))
    )


def may_name_secret(script: str) -> bool:
    """Whether words of a script may be the names of secrets: quick, never wrong in saying no.

    Quotes do not hide them: `--pass''word` is `--password`.
    """
    plain = script
    for mark in _TAKEN_OUT:
        plain = plain.replace(mark, "")
    return any(map(plain.casefold().__contains__, _NAME_PARTS))


def _has_query_key(text: str) -> bool:
    return any(key in text for key in _QUERY_KEYS)
