"""What a rule's references stand for: the title and the link of each.

A rule names them shortly, `refs="CWE-250 CIS-Docker:5.5 NIST:4.4.3 ATTACK:T1611 PSS:baseline"`.
CWE, ATT&CK and the Pod Security Standards are cited by analogy: none describes Marathon.
"""

from __future__ import annotations

from policylint.named import NamedTuple


class Reference(NamedTuple):
    """A reference as people read it; without a `url` where there is nothing to link to."""

    token: str
    title: str
    url: str | None = None


def reference(token: str) -> Reference:
    """What a reference stands for; one that nobody knows is its own title."""
    if token.startswith("CWE-"):
        return _cwe(token)
    if token.startswith("https://"):
        return Reference(token, token, token)
    catalogue, _, entry = token.partition(":")
    read = _CATALOGUES.get(catalogue)
    return read(token, entry) if read else Reference(token, token)


def _cwe(token: str) -> Reference:
    number = token.removeprefix("CWE-")
    url = f"https://cwe.mitre.org/data/definitions/{number}.html"
    return Reference(token, _titled(token, CWE.get(number)), url)


def _attack(token: str, entry: str) -> Reference:
    url = f"https://attack.mitre.org/techniques/{entry.replace('.', '/')}/"
    return Reference(token, _titled(f"MITRE ATT&CK {entry}", ATTACK.get(entry)), url)


def _nist(token: str, entry: str) -> Reference:
    title = _titled(f"NIST SP 800-190 {entry}", NIST.get(entry))
    return Reference(token, title, "https://doi.org/10.6028/NIST.SP.800-190")


def _cis(token: str, entry: str) -> Reference:
    # The numbers of the controls move between versions, so the version stands beside them.
    title = _titled(f"CIS Docker Benchmark v1.6.0 {entry}", CIS_DOCKER.get(entry))
    return Reference(token, title, "https://www.cisecurity.org/benchmark/docker")


def _pss(token: str, entry: str) -> Reference:
    page = "https://kubernetes.io/docs/concepts/security/pod-security-standards/"
    title = _titled("Kubernetes Pod Security Standards", PSS.get(entry, entry))
    return Reference(token, title, f"{page}#{entry}")


def _marathon(token: str, entry: str) -> Reference:
    title = _titled("Marathon documentation", MARATHON.get(entry, entry))
    return Reference(token, title, f"https://mesosphere.github.io/marathon/docs/{entry}.html")


def _titled(name: str, title: str | None) -> str:
    return f"{name}: {title}" if title else name


_CATALOGUES = {
    "ATTACK": _attack,
    "CIS-Docker": _cis,
    "Marathon": _marathon,
    "NIST": _nist,
    "PSS": _pss,
}

# CWE list 4.20.
CWE = {
    "20": "Improper Input Validation",
    "22": "Improper Limitation of a Pathname to a Restricted Directory ('Path Traversal')",
    "73": "External Control of File Name or Path",
    "74": (
        "Improper Neutralization of Special Elements in Output Used by a Downstream "
        "Component ('Injection')"
    ),
    "88": "Improper Neutralization of Argument Delimiters in a Command ('Argument Injection')",
    "93": "Improper Neutralization of CRLF Sequences ('CRLF Injection')",
    "129": "Improper Validation of Array Index",
    "184": "Incomplete List of Disallowed Inputs",
    "214": "Invocation of Process Using Visible Sensitive Information",
    "250": "Execution with Unnecessary Privileges",
    "259": "Use of Hard-coded Password",
    "269": "Improper Privilege Management",
    "272": "Least Privilege Violation",
    "284": "Improper Access Control",
    "290": "Authentication Bypass by Spoofing",
    "295": "Improper Certificate Validation",
    "306": "Missing Authentication for Critical Function",
    "312": "Cleartext Storage of Sensitive Information",
    "319": "Cleartext Transmission of Sensitive Information",
    "321": "Use of Hard-coded Cryptographic Key",
    "347": "Improper Verification of Cryptographic Signature",
    "362": (
        "Concurrent Execution using Shared Resource with Improper Synchronization ('Race "
        "Condition')"
    ),
    "377": "Insecure Temporary File",
    "379": "Creation of Temporary File in Directory with Insecure Permissions",
    "400": "Uncontrolled Resource Consumption",
    "404": "Improper Resource Shutdown or Release",
    "410": "Insufficient Resource Pool",
    "436": "Interpretation Conflict",
    "477": "Use of Obsolete Function",
    "489": "Active Debug Code",
    "494": "Download of Code Without Integrity Check",
    "506": "Embedded Malicious Code",
    "522": "Insufficiently Protected Credentials",
    "526": "Cleartext Storage of Sensitive Information in an Environment Variable",
    "538": "Insertion of Sensitive Information into Externally-Accessible File or Directory",
    "540": "Inclusion of Sensitive Information in Source Code",
    "570": "Expression is Always False",
    "598": "Use of HTTP Request With Sensitive Query String",
    "653": "Improper Isolation or Compartmentalization",
    "662": "Improper Synchronization",
    "665": "Improper Initialization",
    "668": "Exposure of Resource to Wrong Sphere",
    "672": "Operation on a Resource after Expiration or Release",
    "693": "Protection Mechanism Failure",
    "694": "Use of Multiple Resources with Duplicate Identifier",
    "703": "Improper Check or Handling of Exceptional Conditions",
    "706": "Use of Incorrectly-Resolved Name or Reference",
    "732": "Incorrect Permission Assignment for Critical Resource",
    "754": "Improper Check for Unusual or Exceptional Conditions",
    "770": "Allocation of Resources Without Limits or Throttling",
    "772": "Missing Release of Resource after Effective Lifetime",
    "778": "Insufficient Logging",
    "798": "Use of Hard-coded Credentials",
    "799": "Improper Control of Interaction Frequency",
    "829": "Inclusion of Functionality from Untrusted Control Sphere",
    "833": "Deadlock",
    "835": "Loop with Unreachable Exit Condition ('Infinite Loop')",
    "916": "Use of Password Hash With Insufficient Computational Effort",
    "918": "Server-Side Request Forgery (SSRF)",
    "1047": "Modules with Circular Dependencies",
    "1051": "Initialization with Hard-Coded Network Resource Configuration Data",
    "1164": "Irrelevant Code",
    "1188": "Initialization of a Resource with an Insecure Default",
    "1357": "Reliance on Insufficiently Trustworthy Component",
    "1392": "Use of Default Credentials",
}

# Enterprise v19.
ATTACK = {
    "T1005": "Data from Local System",
    "T1006": "Direct Volume Access",
    "T1021.004": "Remote Services: SSH",
    "T1036.005": "Masquerading: Match Legitimate Resource Name or Location",
    "T1040": "Network Sniffing",
    "T1046": "Network Service Discovery",
    "T1053.003": "Scheduled Task/Job: Cron",
    "T1057": "Process Discovery",
    "T1059": "Command and Scripting Interpreter",
    "T1059.004": "Command and Scripting Interpreter: Unix Shell",
    "T1068": "Exploitation for Privilege Escalation",
    "T1072": "Software Deployment Tools",
    "T1078": "Valid Accounts",
    "T1078.001": "Valid Accounts: Default Accounts",
    "T1080": "Taint Shared Content",
    "T1090": "Proxy",
    "T1095": "Non-Application Layer Protocol",
    "T1098.004": "Account Manipulation: SSH Authorized Keys",
    "T1105": "Ingress Tool Transfer",
    "T1133": "External Remote Services",
    "T1190": "Exploit Public-Facing Application",
    "T1195.002": "Supply Chain Compromise: Compromise Software Supply Chain",
    "T1204.003": "User Execution: Malicious Image",
    "T1496": "Resource Hijacking",
    "T1499": "Endpoint Denial of Service",
    "T1525": "Implant Internal Image",
    "T1543.002": "Create or Modify System Process: Systemd Service",
    "T1543.005": "Create or Modify System Process: Container Service",
    "T1547.006": "Boot or Logon Autostart Execution: Kernel Modules and Extensions",
    "T1548.001": "Abuse Elevation Control Mechanism: Setuid and Setgid",
    "T1552": "Unsecured Credentials",
    "T1552.001": "Unsecured Credentials: Credentials In Files",
    "T1552.004": "Unsecured Credentials: Private Keys",
    "T1552.005": "Unsecured Credentials: Cloud Instance Metadata API",
    "T1552.007": "Unsecured Credentials: Container API",
    "T1554": "Compromise Host Software Binary",
    "T1557": "Adversary-in-the-Middle",
    "T1609": "Container Administration Command",
    "T1610": "Deploy Container",
    "T1611": "Escape to Host",
    "T1685": "Disable or Modify Tools",
}

# SP 800-190, section 4: countermeasures.
NIST = {
    "4.1.2": "Image configuration defects",
    "4.1.4": "Embedded clear text secrets",
    "4.1.5": "Use of untrusted images",
    "4.2.1": "Insecure connections to registries",
    "4.2.2": "Stale images in registries",
    "4.2.3": "Insufficient authentication and authorization restrictions",
    "4.3.1": "Unbounded administrative access",
    "4.3.2": "Unauthorized access",
    "4.3.3": "Poorly separated inter-container network traffic",
    "4.3.4": "Mixing of workload sensitivity levels",
    "4.3.5": "Orchestrator node trust",
    "4.4.1": "Vulnerabilities within the runtime software",
    "4.4.2": "Unbounded network access from containers",
    "4.4.3": "Insecure container runtime configurations",
    "4.4.4": "App vulnerabilities",
    "4.4.5": "Rogue containers",
    "4.5.1": "Large attack surface",
    "4.5.2": "Shared kernel",
    "4.5.5": "Host file system tampering",
}

# CIS Docker Benchmark v1.6.0.
CIS_DOCKER = {
    "4.1": "Ensure that a user for the container has been created",
    "4.2": "Ensure that containers use only trusted base images",
    "4.3": "Ensure that unnecessary packages are not installed in the container",
    "4.5": "Ensure Content trust for Docker is Enabled",
    "4.6": "Ensure that HEALTHCHECK instructions have been added to container images",
    "4.7": "Ensure update instructions are not used alone in the Dockerfile",
    "4.8": "Ensure setuid and setgid permissions are removed",
    "4.9": "Ensure that COPY is used instead of ADD in Dockerfiles",
    "4.10": "Ensure secrets are not stored in Dockerfiles",
    "4.11": "Ensure only verified packages are installed",
    "5.2": "Ensure that, if applicable, an AppArmor Profile is enabled",
    "5.3": "Ensure that, if applicable, SELinux security options are set",
    "5.4": "Ensure that Linux kernel capabilities are restricted within containers",
    "5.5": "Ensure that privileged containers are not used",
    "5.6": "Ensure sensitive host system directories are not mounted on containers",
    "5.7": "Ensure sshd is not run within containers",
    "5.8": "Ensure privileged ports are not mapped within containers",
    "5.9": "Ensure that only needed ports are open on the container",
    "5.10": "Ensure that the host's network namespace is not shared",
    "5.11": "Ensure that the memory usage for containers is limited",
    "5.12": "Ensure that CPU priority is set appropriately on containers",
    "5.13": "Ensure that the container's root filesystem is mounted as read only",
    "5.14": "Ensure that incoming container traffic is bound to a specific host interface",
    "5.15": "Ensure that the 'on-failure' container restart policy is set to '5'",
    "5.16": "Ensure that the host's process namespace is not shared",
    "5.17": "Ensure that the host's IPC namespace is not shared",
    "5.18": "Ensure that host devices are not directly exposed to containers",
    "5.19": "Ensure that the default ulimit is overwritten at runtime if needed",
    "5.20": "Ensure mount propagation mode is not set to shared",
    "5.21": "Ensure that the host's UTS namespace is not shared",
    "5.22": "Ensure the default seccomp profile is not Disabled",
    "5.25": "Ensure that cgroup usage is confirmed",
    "5.26": "Ensure that the container is restricted from acquiring additional privileges",
    "5.27": "Ensure that container health is checked at runtime",
    "5.28": "Ensure that Docker commands always make use of the latest version of their image",
    "5.29": "Ensure that the PIDs cgroup limit is used",
    "5.31": "Ensure that the host's user namespaces are not shared",
    "5.32": "Ensure that the Docker socket is not mounted inside any containers",
}

PSS = {"baseline": "Baseline", "restricted": "Restricted"}

MARATHON = {
    "deployments": "Application Deployments",
    "constraints": "Constraints",
    "high-availability": "High Availability",
    "persistent-volumes": "Stateful Applications Using Local Persistent Volumes",
}
