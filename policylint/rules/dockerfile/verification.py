"""What a build fetches without looking who sent it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.finding import Change, Fix, Problem
from policylint.image import ImageBuild, ToolSetting
from policylint.patterns import regex
from policylint.rule import rule
from policylint.source import Span

if TYPE_CHECKING:
    from policylint.dockerfile.script import Option
    from policylint.finding import Problems

_REST_OF_LINE = regex(r"[ \t]*\\[ \t]*\r?\n")
_BLANKS = regex(r"[ \t]+")


@rule(
    on=ToolSetting,
    severity="high",
    family="artifacts",
    refs="CWE-295",
    equivalents=("CKV2_DOCKER_2",),
)
def curl_insecure(node: ToolSetting, build: ImageBuild) -> Problems:
    """curl does not look at certificates.

    Whoever sits on the network between the build and the server, a proxy or a
    neighbour on the same segment, can answer in its place and put a program of their own
    into the image.

    Instead, leave the option out, and give curl the authority of an internal server with
    `--cacert`.

    Bad (dockerfile):
        FROM debian:12.9
        RUN curl -fsSLk https://get.example.com/tool -o /usr/local/bin/tool
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        RUN curl -fsSL https://get.example.com/tool -o /usr/local/bin/tool
        USER 10001
    """
    if node.says("curl", "insecure") and node.setting.is_on:
        yield Problem(
            node,
            f"{node.setting.said} accepts any certificate, whoever answers",
            fix=_without(node.setting.option, build),
        )


@rule(
    on=ToolSetting,
    severity="high",
    family="artifacts",
    refs="CWE-295",
    equivalents=("CKV2_DOCKER_3",),
)
def wget_insecure(node: ToolSetting, build: ImageBuild) -> Problems:
    """wget does not look at certificates.

    Whoever sits on the network between the build and the server can answer in its
    place, and what they send becomes part of the image.

    Instead, leave the option out, and give wget the authority of an internal server with
    `--ca-certificate`.

    Bad (dockerfile):
        FROM debian:12.9
        RUN wget -q --no-check-certificate https://get.example.com/tool
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        RUN wget -q https://get.example.com/tool
        USER 10001
    """
    if node.says("wget", "check-certificate") and node.setting.is_off:
        option = node.setting.option
        is_plain = option is not None and option.name.startswith("--no-")
        yield Problem(
            node,
            f"{node.setting.said} accepts any certificate, whoever answers",
            fix=_without(option, build) if is_plain else None,
        )


@rule(
    on=ToolSetting,
    severity="high",
    family="artifacts",
    refs="CWE-295",
    equivalents=("CKV2_DOCKER_4",),
)
def pip_trusted_host(node: ToolSetting) -> Problems:
    """pip takes packages from a host without looking at its certificate.

    A package runs code while it is installed, so whoever answers in the place of that
    host runs code in the build and in every container of the image.

    Instead, leave the option out, and name the authority of an internal index with
    `--cert` or `PIP_CERT`.

    Bad (dockerfile):
        FROM python:3.13.2-slim
        RUN pip install --trusted-host pypi.example.com shop==1.4
        USER 10001

    Good (dockerfile):
        FROM python:3.13.2-slim
        RUN pip install --cert /etc/ssl/example.pem shop==1.4
        USER 10001
    """
    if node.says("pip", "trusted-host") and node.setting.value != "":
        yield Problem(node, "pip believes this host without a certificate")


@rule(
    on=ToolSetting,
    severity="high",
    family="artifacts",
    refs="CWE-295",
    equivalents=("CKV2_DOCKER_16",),
)
def pip_trusted_host_env(node: ToolSetting) -> Problems:
    """A variable makes pip take packages from a host without looking at its certificate.

    It holds for every installation from there on, in images built from this one too, and
    nobody who reads those lines sees it.

    Instead, leave it out, and name the authority of an internal index in `PIP_CERT`.

    Bad (dockerfile):
        FROM python:3.13.2-slim
        ENV PIP_TRUSTED_HOST=pypi.example.com
        RUN pip install shop==1.4
        USER 10001

    Good (dockerfile):
        FROM python:3.13.2-slim
        ENV PIP_CERT=/etc/ssl/example.pem
        RUN pip install shop==1.4
        USER 10001
    """
    if node.says("pip", "trusted-host", by_variable=True) and node.setting.value:
        yield Problem(
            node, f"{node.setting.said} makes pip believe this host without a certificate"
        )


@rule(
    on=ToolSetting,
    severity="high",
    family="artifacts",
    refs="CWE-295",
    equivalents=("CKV2_DOCKER_5",),
)
def python_https_verify_off(node: ToolSetting) -> Problems:
    """A variable stops Python from looking at certificates.

    Every program in Python that asks a server for something then believes whoever
    answers: in the build, and with ENV in every container as well.

    Instead, leave it out, and put the authority of internal servers into the image or name
    it in `SSL_CERT_FILE`.

    Bad (dockerfile):
        FROM python:3.13.2-slim
        ENV PYTHONHTTPSVERIFY=0
        USER 10001

    Good (dockerfile):
        FROM python:3.13.2-slim
        ENV SSL_CERT_FILE=/etc/ssl/example.pem
        USER 10001
    """
    if node.says("python", "https-verify", by_variable=True) and node.setting.value == "0":
        yield Problem(node, "PYTHONHTTPSVERIFY=0 makes Python accept any certificate")


@rule(
    on=ToolSetting,
    severity="high",
    family="artifacts",
    refs="CWE-295",
    equivalents=("CKV2_DOCKER_6",),
)
def node_tls_verify_off(node: ToolSetting) -> Problems:
    """A variable stops Node.js from looking at certificates.

    Every connection of every program in Node.js then goes to whoever answers, npm's to
    the registry included.

    Instead, leave it out, and name the authority of internal servers in
    `NODE_EXTRA_CA_CERTS`.

    Bad (dockerfile):
        FROM node:22.14-slim
        ENV NODE_TLS_REJECT_UNAUTHORIZED=0
        USER node

    Good (dockerfile):
        FROM node:22.14-slim
        ENV NODE_EXTRA_CA_CERTS=/etc/ssl/example.pem
        USER node
    """
    if node.says("node", "reject-unauthorized", by_variable=True) and node.setting.value == "0":
        yield Problem(node, "NODE_TLS_REJECT_UNAUTHORIZED=0 makes Node.js accept any certificate")


@rule(
    on=ToolSetting,
    severity="high",
    family="artifacts",
    refs="CWE-295",
    equivalents=("CKV2_DOCKER_12",),
)
def npm_strict_ssl_env_off(node: ToolSetting) -> Problems:
    """A variable stops npm from looking at certificates.

    Packages run code while they are installed, and without a certificate anybody on
    the way to the registry can hand out theirs.

    Instead, leave it out, and name the authority of an internal registry in
    `NPM_CONFIG_CAFILE`.

    Bad (dockerfile):
        FROM node:22.14-slim
        ENV NPM_CONFIG_STRICT_SSL=false
        RUN npm ci
        USER node

    Good (dockerfile):
        FROM node:22.14-slim
        ENV NPM_CONFIG_CAFILE=/etc/ssl/example.pem
        RUN npm ci
        USER node
    """
    if node.says("npm", "strict-ssl", by_variable=True) and node.setting.is_off:
        yield Problem(node, f"{node.setting.said} makes the package manager accept any certificate")


@rule(
    on=ToolSetting,
    severity="high",
    family="artifacts",
    refs="CWE-295",
    equivalents=("CKV2_DOCKER_13",),
)
def npm_strict_ssl_off(node: ToolSetting) -> Problems:
    """npm, yarn or pnpm does not look at certificates.

    Packages run code while they are installed, and without a certificate anybody on
    the way to the registry can hand out theirs.

    Instead, leave it out, and name the authority of an internal registry as `cafile`.

    Bad (dockerfile):
        FROM node:22.14-slim
        RUN npm config set strict-ssl false && npm ci
        USER node

    Good (dockerfile):
        FROM node:22.14-slim
        RUN npm config set cafile /etc/ssl/example.pem && npm ci
        USER node
    """
    if node.says("npm", "strict-ssl") and node.setting.is_off:
        yield Problem(node, f"{node.setting.said} accepts any certificate, whoever answers")


@rule(
    on=ToolSetting,
    severity="high",
    family="artifacts",
    refs="CWE-295",
    equivalents=("CKV2_DOCKER_14",),
)
def git_ssl_verify_off(node: ToolSetting) -> Problems:
    """git does not look at certificates.

    Whoever answers in the place of the server decides what the sources are, and is
    handed the credentials that git sends. The variable counts whatever its value, 0 and
    false included.

    Instead, leave it out, and name the authority of an internal server in `http.sslCAInfo`.

    Bad (dockerfile):
        FROM debian:12.9
        RUN git -c http.sslVerify=false clone https://git.example.com/shop
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        RUN git -c http.sslCAInfo=/etc/ssl/example.pem clone https://git.example.com/shop
        USER 10001
    """
    setting = node.setting
    is_off = node.says("git", "ssl-verify") and (setting.is_off or setting.value == "")
    if is_off or (node.says("git", "ssl-no-verify", by_variable=True) and setting.value):
        yield Problem(node, f"{setting.said} makes git accept any certificate")


@rule(
    on=ToolSetting,
    severity="high",
    family="artifacts",
    refs="CWE-347 CIS-Docker:4.11",
    equivalents=("CKV2_DOCKER_7", "CIS-Docker:4.11"),
)
def apk_allow_untrusted(node: ToolSetting) -> Problems:
    """apk installs packages that nobody signed.

    Nothing tells such a package from one that somebody else put in its place.

    Instead, put the public key of the repository into /etc/apk/keys and leave the option out.

    Bad (dockerfile):
        FROM alpine:3.21
        RUN apk add --no-cache --allow-untrusted tool=1.4-r0
        USER 10001

    Good (dockerfile):
        FROM alpine:3.21
        COPY example.rsa.pub /etc/apk/keys/
        RUN apk add --no-cache tool=1.4-r0
        USER 10001
    """
    if node.says("apk", "untrusted"):
        yield Problem(node, "apk --allow-untrusted installs packages that nobody signed")


@rule(
    on=ToolSetting,
    severity="high",
    family="artifacts",
    refs="CWE-347 CIS-Docker:4.11",
    equivalents=("CKV2_DOCKER_8", "CIS-Docker:4.11"),
)
def apt_allow_unauthenticated(node: ToolSetting) -> Problems:
    """apt installs packages that nobody signed.

    The signature of the repository is all that apt has: most mirrors are asked without
    TLS, so without it everybody on the way can send packages, and their scripts run as root.

    Instead, put the key of the repository into /etc/apt/keyrings and name it with
    `[signed-by=…]`.

    Bad (dockerfile):
        FROM debian:12.9
        RUN apt-get install -y --no-install-recommends --allow-unauthenticated tool=1.4
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        RUN apt-get install -y --no-install-recommends tool=1.4
        USER 10001
    """
    if node.says("apt", "unauthenticated") and node.setting.is_on:
        yield Problem(node, f"{node.setting.said} installs packages that nobody signed")


@rule(
    on=ToolSetting,
    severity="high",
    family="artifacts",
    refs="CWE-347 CIS-Docker:4.11",
    equivalents=("CKV2_DOCKER_11", "CIS-Docker:4.11"),
)
def apt_force_yes(node: ToolSetting) -> Problems:
    """apt answers yes to everything, unsigned packages included.

    `--force-yes` also takes older versions and removes what the system needs: it says yes
    where `-y` stops because something is wrong.

    Instead, write `-y`, and the one `--allow-…` option that is meant.

    Bad (dockerfile):
        FROM debian:12.9
        RUN apt-get install --force-yes --no-install-recommends tool=1.4
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        RUN apt-get install -y --no-install-recommends tool=1.4
        USER 10001
    """
    if node.says("apt", "force-yes") and node.setting.is_on:
        yield Problem(node, f"{node.setting.said} says yes to unsigned packages too")


@rule(
    on=ToolSetting,
    severity="high",
    family="artifacts",
    refs="CWE-347 CIS-Docker:4.11",
    equivalents=("CKV2_DOCKER_9", "CIS-Docker:4.11"),
)
def rpm_manager_no_gpg_check(node: ToolSetting) -> Problems:
    """yum, dnf or zypper installs packages that nobody signed.

    Whoever controls a mirror, or the way to it, then decides what is installed, and the
    scripts of packages run as root.

    Instead, import the key of the repository and leave the check on.

    Bad (dockerfile):
        FROM rockylinux:9.5
        RUN dnf install -y --nogpgcheck tool-1.4
        USER 10001

    Good (dockerfile):
        FROM rockylinux:9.5
        RUN rpm --import /etc/pki/rpm-gpg/example && dnf install -y tool-1.4
        USER 10001
    """
    if node.says("rpm", "gpgcheck") and node.setting.is_off:
        yield Problem(node, f"{node.setting.said} installs packages that nobody signed")


@rule(
    on=ToolSetting,
    severity="high",
    family="artifacts",
    refs="CWE-347 CIS-Docker:4.11",
    equivalents=("CKV2_DOCKER_10", "CIS-Docker:4.11"),
)
def rpm_no_signature(node: ToolSetting) -> Problems:
    """rpm installs a package without looking at its signature or digests.

    A package that was damaged or replaced on its way is then installed like any other.

    Instead, import the key of whoever made the package and leave the option out.

    Bad (dockerfile):
        FROM rockylinux:9.5
        RUN rpm -i --nosignature https://get.example.com/tool-1.4.rpm
        USER 10001

    Good (dockerfile):
        FROM rockylinux:9.5
        RUN rpm --import /etc/pki/rpm-gpg/example && rpm -i https://get.example.com/tool-1.4.rpm
        USER 10001
    """
    if node.says("rpm", "signature"):
        yield Problem(node, f"{node.setting.said} installs a package unchecked")


@rule(
    on=ToolSetting,
    severity="high",
    family="artifacts",
    refs="CWE-295",
    equivalents=("CKV2_DOCKER_15",),
)
def yum_sslverify_off(node: ToolSetting) -> Problems:
    """yum or dnf does not look at the certificate of a repository.

    Whoever answers in its place says which packages there are, so that old ones with known
    holes pass for the newest.

    Instead, leave it on, and name the authority of an internal repository as `sslcacert`.

    Bad (dockerfile):
        FROM rockylinux:9.5
        RUN dnf config-manager --save --setopt=example.sslverify=0
        USER 10001

    Good (dockerfile):
        FROM rockylinux:9.5
        RUN dnf config-manager --save --setopt=example.sslcacert=/etc/ssl/example.pem
        USER 10001
    """
    if node.says("rpm", "sslverify") and node.setting.is_off:
        yield Problem(node, f"{node.setting.said} accepts any certificate of a repository")


def _without(option: Option | None, build: ImageBuild) -> Fix | None:
    """A command without an option; `None` where the text is not plainly that option."""
    if option is None:
        return None
    text, (start, end) = build.file.text, option.word.span
    written = text[start:end]
    if written != option.word.value:
        return None
    if len(option.name) == 2 and len(written) > 2:  # one letter of several
        at = start + written.index(option.name[1], 1)
        return _deletion(option.name, Span(at, at + 1))
    before = start
    while text[before - 1] in " \t":
        before -= 1
    rest = _REST_OF_LINE.match(text, end)
    if text[before - 1] != "\n":
        return _deletion(option.name, Span(before, end))
    if rest is not None:  # a line of its own
        return _deletion(option.name, Span(before, rest.end()))
    blanks = _BLANKS.match(text, end)
    return _deletion(option.name, Span(start, blanks.end())) if blanks is not None else None


def _deletion(name: str, span: Span) -> Fix:
    return Fix(f"leave {name} out", (Change("text", span, ""),), is_safe=True)
