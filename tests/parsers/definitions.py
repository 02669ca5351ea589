"""One valid definition of each kind that has every field there is."""

from __future__ import annotations

from typing import Any

# fmt: off

LABELS = {"team": "shop"}
PORT = {
    "containerPort": 8080, "hostPort": 0, "servicePort": 10000, "protocol": "udp,tcp",
    "name": "http", "labels": {"VIP_0": "/web:80"}, "networkNames": ["dmz"],
}
LINUX = {
    "seccomp": {"profileName": "strict.json", "unconfined": False},
    "ipcInfo": {"mode": "PRIVATE", "shmSize": 16},
}
ARTIFACT = {
    "uri": "https://files.example.org/a.tgz", "extract": True, "executable": False, "cache": True,
    "destPath": "a.tgz",
}
PERSISTENT = {
    "size": 512, "type": "mount", "maxSize": 1024, "profileName": "fast",
    "constraints": [["path", "LIKE", "/mnt/.*"]],
}
EXEC = {"command": {"shell": "probe", "argv": ["probe", "-v"]}}
SECRETS = {"key": {"source": "/shop/key"}}
ENV = {"MODE": "fast", "KEY": {"secret": "key"}}

APP: dict[str, Any] = {
    "id": "/shop/web",
    "cmd": "serve",
    "args": ["serve", "-v"],
    "user": "web",
    "executor": "//cmd",
    "executorResources": {"cpus": 0.1, "mem": 32, "disk": 10},
    "tty": False,
    "labels": LABELS,
    "dependencies": ["../db", "/cache"],
    "instances": 2,
    "cpus": 0.5,
    "mem": 256,
    "disk": 0,
    "gpus": 0,
    "resourceLimits": {"cpus": 1, "mem": "unlimited"},
    "backoffSeconds": 1,
    "backoffFactor": 1.15,
    "maxLaunchDelaySeconds": 300,
    "taskKillGracePeriodSeconds": 30,
    "upgradeStrategy": {"minimumHealthCapacity": 0.5, "maximumOverCapacity": 0},
    "killSelection": "OLDEST_FIRST",
    "unreachableStrategy": {"inactiveAfterSeconds": 60, "expungeAfterSeconds": 120},
    "residency": {
        "relaunchEscalationTimeoutSeconds": 10,
        "taskLostBehavior": "WAIT_FOREVER",
    },
    "container": {
        "type": "MESOS",
        "docker": {
            "image": "web:1.2",
            "forcePullImage": True,
            "privileged": False,
            "parameters": [{"key": "init", "value": "true"}],
            "pullConfig": {"secret": "key"},
            "credential": {"principal": "web", "secret": "s"},
            "network": "BRIDGE",
            "portMappings": [PORT],
        },
        "linuxInfo": LINUX,
        "volumes": [
            {"containerPath": "/host", "hostPath": "/srv", "mode": "RO"},
            {"containerPath": "data", "mode": "RW", "persistent": PERSISTENT},
            {"containerPath": "/key", "secret": "key"},
            {
                "containerPath": "/dvdi",
                "mode": "RW",
                "external": {
                    "name": "v", "provider": "dvdi", "size": 5, "shared": True,
                    "options": {"dvdi/driver": "rexray"},
                },
            },
            {
                "containerPath": "/csi",
                "mode": "RW",
                "external": {
                    "name": "v", "provider": "csi",
                    "options": {
                        "pluginName": "disks",
                        "capability": {
                            "accessMode": "SINGLE_NODE_WRITER", "accessType": "mount",
                            "fsType": "xfs", "mountFlags": ["noatime"],
                        },
                        "nodeStageSecret": {"a": "key"},
                        "nodePublishSecret": {"a": "key"},
                        "volumeContext": {"a": "b"},
                    },
                },
            },
        ],
        "portMappings": [PORT],
    },
    "networks": [{"mode": "container", "name": "dmz_1", "labels": LABELS}],
    "portDefinitions": [{"port": 8080, "protocol": "tcp", "name": "http", "labels": LABELS}],
    "requirePorts": True,
    "ports": [8080],
    "ipAddress": {
        "networkName": "dmz",
        "labels": LABELS,
        "groups": ["a"],
        "discovery": {
            "ports": [{"number": 80, "name": "http", "protocol": "tcp", "labels": LABELS}]
        },
    },
    "constraints": [["@hostname", "UNIQUE"], ["rack", "LIKE", "r[12]"], ["rack", "MAX_PER", "2"]],
    "acceptedResourceRoles": ["*"],
    "role": "shop",
    "env": ENV,
    "secrets": SECRETS,
    "fetch": [ARTIFACT],
    "uris": ["https://files.example.org/b.tgz"],
    "healthChecks": [
        {
            "protocol": "MESOS_HTTP", "path": "/", "port": 80, "portIndex": 0,
            "gracePeriodSeconds": 30, "intervalSeconds": 10, "timeoutSeconds": 5,
            "maxConsecutiveFailures": 3, "delaySeconds": 1, "ignoreHttp1xx": False,
            "ipProtocol": "IPv4",
        },
        {"protocol": "COMMAND", "command": {"value": "probe"}},
    ],
    "readinessChecks": [
        {
            "name": "ready", "protocol": "HTTP", "path": "/", "portName": "http",
            "intervalSeconds": 30, "timeoutSeconds": 10, "httpStatusCodesForReady": [200],
            "preserveLastResponse": False,
        },
    ],
    "check": {
        "http": {"portIndex": 0, "port": 80, "path": "/", "scheme": "HTTP"},
        "tcp": {"portIndex": 0, "port": 80},
        "exec": EXEC,
        "intervalSeconds": 60, "timeoutSeconds": 20, "delaySeconds": 15,
    },
}

POD: dict[str, Any] = {
    "id": "/shop/pod",
    "labels": LABELS,
    "user": "web",
    "environment": ENV,
    "secrets": SECRETS,
    "volumes": [
        {"name": "scratch"},
        {"name": "srv", "host": "/srv"},
        {"name": "data", "persistent": PERSISTENT},
        {"name": "key", "secret": "key"},
    ],
    "networks": [{"mode": "container", "name": "dmz", "labels": LABELS}],
    "scaling": {"kind": "fixed", "instances": 2},
    "scheduling": {
        "backoff": {"backoff": 1, "backoffFactor": 1.15, "maxLaunchDelay": 300},
        "upgrade": {"minimumHealthCapacity": 1, "maximumOverCapacity": 0},
        "placement": {
            "constraints": [
                {"fieldName": "@hostname", "operator": "UNIQUE"},
                {"fieldName": "rack", "operator": "LIKE", "value": "r1"},
            ],
            "acceptedResourceRoles": ["*"],
        },
        "killSelection": "YOUNGEST_FIRST",
        "unreachableStrategy": {"inactiveAfterSeconds": 60, "expungeAfterSeconds": 120},
    },
    "executorResources": {"cpus": 0.1, "mem": 32, "disk": 10},
    "role": "shop",
    "linuxInfo": {"ipcInfo": LINUX["ipcInfo"]},
    "legacySharedCgroups": False,
    "containers": [
        {
            "name": "web",
            "resources": {"cpus": 0.1, "mem": 64, "disk": 0, "gpus": 0},
            "resourceLimits": {"cpus": 1, "mem": "unlimited"},
            "exec": {**EXEC, "overrideEntrypoint": True},
            "image": {
                "kind": "DOCKER", "id": "web:1.2", "forcePull": True,
                "pullConfig": {"secret": "key"}, "labels": LABELS,
            },
            "endpoints": [
                {
                    "name": "http", "containerPort": 80, "hostPort": 0, "protocol": ["tcp"],
                    "labels": LABELS, "networkNames": ["dmz"],
                },
            ],
            "environment": ENV,
            "user": "web",
            "volumeMounts": [{"name": "data", "mountPath": "data", "readOnly": False}],
            "artifacts": [ARTIFACT],
            "healthCheck": {
                "http": {"endpoint": "http", "path": "/", "scheme": "HTTP"},
                "tcp": {"endpoint": "http"}, "exec": EXEC,
                "gracePeriodSeconds": 30, "intervalSeconds": 60, "maxConsecutiveFailures": 3,
                "timeoutSeconds": 20, "delaySeconds": 15,
            },
            "check": {
                "http": {"endpoint": "http", "path": "/", "scheme": "HTTP"},
                "tcp": {"endpoint": "http"}, "exec": EXEC,
                "intervalSeconds": 60, "timeoutSeconds": 20, "delaySeconds": 15,
            },
            "labels": LABELS,
            "lifecycle": {"killGracePeriodSeconds": 30},
            "linuxInfo": LINUX,
            "tty": False,
        },
    ],
}

SCHEDULE: dict[str, Any] = {
    "id": "daily", "cron": "0 3 * * *", "timezone": "UTC", "startingDeadlineSeconds": 900,
    "concurrencyPolicy": "FORBID", "enabled": True,
}

JOB: dict[str, Any] = {
    "id": "report.daily",
    "description": "numbers of the day",
    "labels": LABELS,
    "dependencies": [{"id": "report.input"}],
    "schedules": [SCHEDULE],
    "run": {
        "cpus": 0.1, "mem": 32, "disk": 0, "gpus": 0, "cmd": "report", "args": ["-v"],
        "user": "web", "env": ENV, "secrets": SECRETS,
        "docker": {
            "image": "report:1", "forcePullImage": True, "privileged": False,
            "parameters": [{"key": "init", "value": "true"}],
        },
        "ucr": {
            "image": {"id": "report:1", "kind": "docker", "forcePull": True},
            "privileged": False,
        },
        "volumes": [
            {"containerPath": "/host", "hostPath": "/srv", "mode": "RO"},
            {"containerPath": "/key", "secret": "key"},
        ],
        "networks": [{"mode": "container", "name": "dmz", "labels": LABELS}],
        "placement": {"constraints": [{"attribute": "rack", "operator": "IS", "value": "r1"}]},
        "artifacts": [
            {"uri": "https://files.example.org/a", "extract": True, "executable": False,
             "cache": False},
        ],
        "restart": {"policy": "ON_FAILURE", "activeDeadlineSeconds": 60},
        "maxLaunchDelay": 60,
        "taskKillGracePeriodSeconds": 5,
    },
}

GROUP: dict[str, Any] = {
    "id": "/shop",
    "apps": [APP],
    "groups": [{"id": "inner", "apps": [{"id": "a", "cmd": "run"}], "groups": []}],
    "dependencies": ["/base"],
    "enforceRole": True,
    "scaleBy": 2,
}

COMPLETE: dict[str, Any] = {
    "app": APP,
    "app-list": {"apps": [APP], "*": [{"id": "/b", "cmd": "run"}]},
    "group": GROUP,
    "pod": POD,
    "job": JOB,
    "schedule": SCHEDULE,
}
