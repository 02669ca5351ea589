"""No script is too broken to be asked for the settings in it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from policylint.detect.tool_settings import of_script
from policylint.dockerfile.shell import parse

WORDS = (
    "apk", "apt-get", "curl", "dnf", "git", "npm", "pip", "python", "rpm", "uv", "wget", "yum",
    "zypper", "add-apt-repository", "sed", "echo", "printf", "tee", "cat", "env", "export", "-m",
    "-k", "-c", "-o", "-e", "-i", "-n", "--", "-", "=", "config", "set", "http.sslVerify",
    "strict-ssl", "--setopt", "--setopt=", "gpgcheck=0", "--trusted-host", "--extra-index-url=",
    "insecure", ".curlrc", "~/.npmrc", "/etc/yum.repos.d/", "a.repo", "s/a/b/", "s|a|", ">", ">>",
    "|", "||", ";", "&&", "{", "}", "(", ")", "$(", "`", "'", '"', "\n", "\\\n", "<<<", "<<E",
    "\nE\n", "$X", "GIT_SSL_NO_VERIFY=1", "PIP_TRUSTED_HOST=", "[trusted=yes]", "false", "",
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join))
def test_every_setting_has_a_place_in_its_script(script: str) -> None:
    for setting in of_script(parse(script)):
        assert 0 <= setting.span.start < setting.span.end <= len(script)
        assert setting.said
