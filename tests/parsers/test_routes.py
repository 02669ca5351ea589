"""The effective values: every way in which a definition can say a thing ends in one fact."""

from __future__ import annotations

from typing import Any

import pytest

from policylint.model import UNKNOWN
from tests.parsers.reading import container, docker, job, pod, text_at, workload

APP = {"id": "/a", "cmd": "run"}
UCR = {"type": "MESOS", "docker": {"image": "r/a:1"}}


@pytest.mark.parametrize(
    ("definition", "runtime"),
    [
        (APP, "NONE"),
        ({**APP, "ipAddress": {}}, "MESOS"),
        ({"id": "/a", "container": {"docker": {"image": "a"}}}, "DOCKER"),
        ({"id": "/a", "container": {"type": "docker", "docker": {"image": "a"}}}, "DOCKER"),
        ({"id": "/a", "container": {"type": "Mesos", "docker": {"image": "a"}}}, "MESOS"),
        ({**APP, "container": None}, "NONE"),
        (pod({}), "MESOS"),
        (job(cmd="x"), "NONE"),
        (job(docker={"image": "a"}), "DOCKER"),
        (job(ucr={"image": {"id": "a"}}), "MESOS"),
    ],
)
def test_the_runtime_follows_from_the_container(definition: Any, runtime: str) -> None:
    assert container(definition).runtime.value == runtime


@pytest.mark.parametrize(
    ("key", "value", "flag", "meaning"),
    [
        ("cap-add", "SYS_ADMIN", "cap-add", "SYS_ADMIN"),
        ("--privileged", "true", "privileged", "true"),
        (" -privileged ", "true", "privileged", "true"),
        ("v", "/:/h", "volume", "/:/h"),
        ("u", "0", "user", "0"),
        ("e", "A=b", "env", "A=b"),
        ("p", "80:80", "publish", "80:80"),
        ("P", "true", "publish-all", "true"),
        ("net", "host", "network", "host"),
        ("m", "1g", "memory", "1g"),
        ("security-opt=seccomp", "unconfined", "security-opt", "seccomp=unconfined"),
        ("volume=/:/host", "", "volume", "/:/host"),
        ("label", "a=b", "label", "a=b"),
        ("env", "A=b=c", "env", "A=b=c"),
        ("Privileged", "true", "Privileged", "true"),
    ],
)
def test_a_parameter_is_the_word_that_the_engine_reads(
    key: str, value: str, flag: str, meaning: str
) -> None:
    (parameter,) = container(docker((key, value))).parameters
    assert (parameter.key, parameter.value.value) == (flag, meaning)


def test_parameters_count_in_the_docker_engine_only() -> None:
    definition = docker(("privileged", "true"))
    definition["container"]["type"] = "MESOS"
    found = container(definition)
    assert found.parameters == ()
    assert found.privileged is None


@pytest.mark.parametrize(
    ("definition", "is_privileged"),
    [
        (docker(privileged=True), True),
        (docker(privileged=False), False),
        (docker(("privileged", "true")), True),
        (docker(("privileged", "")), True),
        (docker(("privileged", "f")), False),
        (docker(("privileged", "true"), privileged=False), True),
        (docker(("privileged", "true"), ("privileged", "false")), False),
        (job(docker={"image": "a", "privileged": True}), True),
        (job(docker={"image": "a", "parameters": [{"key": "privileged", "value": "1"}]}), True),
        (job(ucr={"image": {"id": "a"}, "privileged": True}), False),
        (docker(), False),
    ],
)
def test_privileged_by_field_and_by_parameter(definition: Any, is_privileged: bool) -> None:
    assert bool(container(definition).privileged) is is_privileged


def test_two_routes_to_one_fact_keep_both_places() -> None:
    definition = docker(("privileged", "true"), privileged=True)
    privileged = container(definition).privileged
    assert privileged is not None
    assert text_at(definition, privileged) == "true"
    assert len(privileged.also) == 1


@pytest.mark.parametrize(
    ("definition", "user"),
    [
        ({**APP, "user": "root"}, "root"),
        ({**APP, "user": "root", "container": UCR}, "root"),
        ({**docker(), "user": "root"}, None),
        (docker(("user", "0:0")), "0:0"),
        (docker(("u", "5"), ("user", "0")), "0"),
        (pod({"user": "web"}, user="root"), "web"),
        (pod({}, user="root"), "root"),
        (job(cmd="x", user="root"), "root"),
        (job(docker={"image": "a"}, user="root"), None),
        (job(ucr={"image": {"id": "a"}}, user="root"), "root"),
        (job(docker={"image": "a", "parameters": [{"key": "u", "value": "0"}]}), "0"),
        ({**APP, "user": "{{user}}"}, UNKNOWN),
        ({**APP, "user": None}, None),
    ],
)
def test_the_user_that_the_process_gets(definition: Any, user: object) -> None:
    found = container(definition).user
    assert (None if found is None else found.value) == user


def test_a_container_s_user_from_its_pod_is_inherited() -> None:
    user = container(pod({}, user="root")).user
    assert user is not None
    assert user.origin == "inherited"


MOUNTS = [
    ({"containerPath": "/h", "hostPath": "/etc", "mode": "RO"}, "/etc", True),
    ({"containerPath": "/h", "hostPath": "/etc", "mode": "ro"}, "/etc", True),
    ({"containerPath": "/h", "hostPath": "/etc", "mode": "RW"}, "/etc", False),
    ({"containerPath": "/h", "hostPath": "/etc"}, "/etc", False),
    ({"containerPath": "/h", "hostPath": "/etc", "mode": "{{mode}}"}, "/etc", True),
    ({"containerPath": "/h", "hostPath": "//var/run/../run//docker.sock/", "mode": "RW"},
     "/run/docker.sock", False),
    ({"containerPath": "/h", "hostPath": "/proc/1/root/etc", "mode": "RW"}, "/etc", False),
    ({"containerPath": "/h", "hostPath": "/lib/modules", "mode": "RO"}, "/usr/lib/modules", True),
    ({"containerPath": "/h", "hostPath": "data", "mode": "RW"}, None, False),
]  # fmt: skip


@pytest.mark.parametrize(("volume", "path", "is_read_only"), MOUNTS)
def test_a_volume_of_an_app_or_a_job(volume: Any, path: str | None, is_read_only: bool) -> None:
    app = {**docker()}
    app["container"]["volumes"] = [volume]
    for definition in (app, job(docker={"image": "a"}, volumes=[volume])):
        (mount,) = container(definition).mounts
        assert (mount.path, mount.read_only) == (path, is_read_only)


PARAMETER_MOUNTS = [
    ("volume", "/etc:/h", "/etc", False),
    ("volume", "/etc:/h:ro", "/etc", True),
    ("volume", "/etc:/h:ro,z,rshared", "/etc", True),
    ("v", "/:/h", "/", False),
    ("volume", "named:/h", None, False),
    ("mount", "type=bind,source=/etc,target=/h", "/etc", False),
    ("mount", "type=bind,src=/etc,dst=/h,readonly", "/etc", True),
    ("mount", "type=bind,src=/etc,destination=/h,ro=true", "/etc", True),
    ("mount", "type=bind,src=/etc,dst=/h,readonly=false", "/etc", False),
    ("mount", '"type=bind","src=/etc","dst=/h"', "/etc", False),
    ("mount", "type=bind,src=data,src=/etc,dst=/h", "/etc", False),
    ("mount", "type=volume,src=data,dst=/h", None, False),
    ("mount", "type=tmpfs,dst=/t", None, False),
    ("tmpfs", "/t:size=1m", None, False),
    ("use-api-socket", "true", "/run/docker.sock", False),
]


@pytest.mark.parametrize(("key", "value", "path", "is_read_only"), PARAMETER_MOUNTS)
def test_a_mount_by_parameter(key: str, value: str, path: str | None, is_read_only: bool) -> None:
    (mount,) = container(docker((key, value))).mounts
    assert (mount.path, mount.read_only) == (path, is_read_only)


@pytest.mark.parametrize(
    ("key", "value"),
    [("volume", "/d"), ("use-api-socket", "false"), ("mount", "")],
)
def test_what_mounts_nothing_of_the_agent(key: str, value: str) -> None:
    assert container(docker((key, value))).mounts == ()


def test_a_propagation_is_kept() -> None:
    (mount,) = container(docker(("volume", "/srv:/srv:shared"))).mounts
    assert mount.propagation is not None
    assert mount.propagation.value == "shared"


DRIVER_MOUNTS = [
    ("type=none,o=bind,device=/", "/", "bind"),
    ("o=bind,device=etc", "/etc", "bind"),
    ("type=none,device=/etc", "/etc", "bind"),
    ("device=/etc", "/etc", "bind"),
    ("type=ext4,device=/dev/sda1", "/dev/sda1", "ext4"),
    ("type=nfs,o=addr=10.0.0.1,device=:/x", None, "nfs"),
    ("type=cifs,device=//host/share", None, "cifs"),
]


@pytest.mark.parametrize(("options", "path", "filesystem"), DRIVER_MOUNTS)
def test_a_volume_s_options_hide_a_mount(options: str, path: str | None, filesystem: str) -> None:
    fields = ",".join(f"volume-opt={option}" for option in options.split(","))
    (mount,) = container(docker(("mount", f"type=volume,dst=/h,{fields}"))).mounts
    assert (mount.path, mount.filesystem) == (path, filesystem)
    assert (mount.driver, mount.route) == ("local", "driver-option")


@pytest.mark.parametrize("options", ["type=tmpfs,device=tmpfs", "size=1", "type=nfs"])
def test_a_volume_s_options_hide_nothing(options: str) -> None:
    fields = ",".join(f"volume-opt={option}" for option in options.split(","))
    assert container(docker(("mount", f"type=volume,dst=/h,{fields}"))).mounts == ()


def test_another_driver_s_device_is_no_path_of_the_agent() -> None:
    value = "type=volume,dst=/h,volume-driver=rexray,volume-opt=o=bind,volume-opt=device=/etc"
    (mount,) = container(docker(("mount", value))).mounts
    assert (mount.path, mount.driver) == (None, "rexray")


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("/etc", ["/etc"]),
        ("/etc:/x", ["/etc"]),
        ("../etc", [None]),
        ("a/b", [None]),
        ("name=/etc,size=10", [None]),
        ("billing-db", []),
        ("name=billing,size=10", []),
        ("size=10,repl=2", []),
        ("{{service/name}}", []),
    ],
)
def test_an_external_volume_s_name_hides_a_path(name: str, paths: list[str | None]) -> None:
    definition = docker()
    external = {"name": name, "provider": "dvdi", "options": {"dvdi/driver": "rexray"}}
    definition["container"]["volumes"] = [
        {"containerPath": "/h", "mode": "RW", "external": external}
    ]
    found = container(definition)
    assert [mount.path for mount in found.mounts] == paths
    assert [mount.driver for mount in found.mounts] == ["rexray"] * len(paths)
    assert len(found.volumes) == 1


def test_outside_the_docker_engine_a_volume_s_name_is_no_path() -> None:
    external = {"name": "/etc", "provider": "dvdi", "options": {"dvdi/driver": "rexray"}}
    volume = {"containerPath": "h", "mode": "RW", "external": external}
    (mount,) = container({**APP, "container": {**UCR, "volumes": [volume]}}).mounts
    assert mount.path is None


def test_a_csi_volume_s_flags_bind() -> None:
    capability = {"accessType": "mount", "mountFlags": ["noatime", "bind"]}
    options = {"pluginName": "nfs.csi", "capability": capability}
    external = {"name": "v", "provider": "csi", "options": options}
    volume = {"containerPath": "h", "mode": "RW", "external": external}
    definition = {**APP, "container": {**UCR, "volumes": [volume]}}
    (mount,) = container(definition).mounts
    assert (mount.driver, mount.filesystem) == ("nfs.csi", "bind")
    assert text_at(definition, mount) == '"bind"'


def test_labels_by_parameter() -> None:
    (label,) = container(docker(("label", "HAPROXY_GROUP=external"))).labels
    assert (label.name, label.value.value) == ("HAPROXY_GROUP", "external")


def test_a_pod_joins_its_volumes_by_name() -> None:
    definition = pod(
        {"volumeMounts": [{"name": "logs", "mountPath": "/l", "readOnly": True}]},
        volumes=[{"name": "logs", "host": "/var/log"}, {"name": "other", "host": "/etc"}],
    )
    (mount,) = container(definition).mounts
    assert (mount.path, mount.read_only) == ("/var/log", True)
    assert text_at(definition, mount) == '"/var/log"'


@pytest.mark.parametrize(
    "form",
    [
        {"persistent": {"size": 1}},
        {"external": {"name": "v", "provider": "dvdi", "options": {"dvdi/driver": "x"}}},
        {"secret": "key"},
    ],
    ids=["persistent", "external", "secret"],
)
def test_a_volume_is_the_first_form_that_fits(form: dict[str, Any]) -> None:
    definition = docker()
    definition["container"]["volumes"] = [{"containerPath": "/h", "hostPath": "/etc", **form}]
    found = container(definition)
    assert found.mounts == ()
    assert [volume.kind for volume in found.volumes] == list(form)


@pytest.mark.parametrize("form", [{"persistent": "yes"}, {"secret": None}, {"external": []}])
def test_a_malformed_form_leaves_a_host_volume(form: dict[str, Any]) -> None:
    definition = docker()
    definition["container"]["volumes"] = [{"containerPath": "/h", "hostPath": "/etc", **form}]
    assert [mount.path for mount in container(definition).mounts] == ["/etc"]


def test_a_job_without_a_container_mounts_nothing() -> None:
    volume = {"containerPath": "/h", "hostPath": "/etc", "mode": "RW"}
    assert container(job(cmd="x", volumes=[volume])).mounts == ()


NETWORKS = [
    (APP, ["host"]),
    ({**APP, "networks": []}, ["host"]),
    ({**APP, "networks": [{"mode": "HOST"}]}, ["host"]),
    ({**APP, "networks": [{"mode": "Container/Bridge"}]}, ["container/bridge"]),
    ({**APP, "networks": [{"name": "dcos"}]}, ["container"]),
    (docker(network="HOST"), ["host"]),
    (docker(network="Bridge"), ["container/bridge"]),
    (docker(network="USER"), ["container"]),
    (docker(("net", "host")), ["host"]),
    (docker(("network", "bridge"), network="HOST"), ["container/bridge"]),
    (docker(("network", "host"), ("network", "bridge")), ["host"]),
    (docker(("network", "container:x")), ["container:x"]),
    (docker(("network", "none")), ["none"]),
    (docker(("network", "name=host")), ["host"]),
    (docker(("net", "alias=web,Name=HOST")), ["host"]),
    (docker(("network", "alias=web,name=blue")), ["container"]),
    (docker(("network", "blue")), ["container"]),
    ({**APP, "ipAddress": {"networkName": "dcos"}}, ["container"]),
    (pod({}), ["host"]),
    (pod({}, networks=[{"mode": "container", "name": "dcos"}]), ["container"]),
    (job(cmd="x"), ["host"]),
    (job(docker={"image": "a"}, networks=[{"mode": "host"}]), ["host"]),
    (job(docker={"image": "a", "parameters": [{"key": "net", "value": "host"}]}), ["host"]),
    ({**APP, "networks": [{"mode": "{{mode}}"}]}, [UNKNOWN]),
]


@pytest.mark.parametrize(("definition", "modes"), NETWORKS)
def test_the_networks_that_hold_in_the_end(definition: Any, modes: list[object]) -> None:
    assert [network.mode.value for network in workload(definition).networks] == modes


def test_a_network_that_nobody_stated_is_a_default_and_points_at_the_owner() -> None:
    (network,) = workload(APP).networks
    assert network.mode.origin == "default"
    assert text_at(APP, network) == '"/a"'


CAPABILITIES = [
    ([("cap-add", "SYS_ADMIN")], ["SYS_ADMIN"]),
    ([("cap-add", "cap_sys_admin")], ["SYS_ADMIN"]),
    ([("cap-add", "SYS_ADMIN,NET_ADMIN")], ["SYS_ADMIN", "NET_ADMIN"]),
    ([("cap-add", "SYS_ADMIN"), ("cap-add", "SYS_ADMIN")], ["SYS_ADMIN"]),
    ([("cap-drop", "ALL"), ("cap-add", "CHOWN")], ["CHOWN"]),
    ([("cap-drop", "SYS_ADMIN"), ("cap-add", "SYS_ADMIN")], ["SYS_ADMIN"]),
    ([("cap-add", "ALL"), ("cap-drop", "SYS_ADMIN")], ["ALL"]),
    ([("cap-add", "ALL"), ("cap-add", "SYS_ADMIN"), ("cap-drop", "SYS_ADMIN")], ["ALL"]),
    ([("cap-drop", "ALL")], []),
]


@pytest.mark.parametrize(("parameters", "granted"), CAPABILITIES)
def test_capabilities_after_all_adds_and_drops(
    parameters: list[tuple[str, str]], granted: list[str]
) -> None:
    found = container(docker(*parameters)).capabilities
    assert [capability.name.value for capability in found] == granted


@pytest.mark.parametrize(
    ("reference", "registry", "repository", "tag", "digest"),
    [
        ("nginx", "", "nginx", None, None),
        ("nginx:1.2", "", "nginx", "1.2", None),
        ("team/web:1", "", "team/web", "1", None),
        ("localhost/web", "localhost", "web", None, None),
        ("r.example.com/a/b:1", "r.example.com", "a/b", "1", None),
        ("r.example.com:5000/web", "r.example.com:5000", "web", None, None),
        ("web@sha256:00", "", "web", None, "sha256:00"),
        ("r:5000/web:1@sha256:00", "r:5000", "web", "1", "sha256:00"),
        ("web:{{version}}", "", "web", UNKNOWN, None),
        ("web:$build_id", "", "web", UNKNOWN, None),
        ("web:1-${rev}", "", "web", UNKNOWN, None),
        ("${env.PREFIX}/web", "", "${env.PREFIX}/web", None, None),
        ("r.io/{{image}}", "r.io", "{{image}}", UNKNOWN, None),
        ("{{image}}", "", "", UNKNOWN, UNKNOWN),
        ("", "", "", UNKNOWN, UNKNOWN),
    ],
)
def test_an_image_reference_in_its_parts(
    reference: str, registry: str, repository: str, tag: object, digest: object
) -> None:
    image = container(docker(image=reference)).image
    assert image is not None
    found = (image.registry, image.repository, image.tag, image.digest)
    assert found == (registry, repository, tag, digest)


@pytest.mark.parametrize(
    "definition",
    [
        docker(),
        {"id": "/a", "container": UCR},
        pod({"image": {"kind": "DOCKER", "id": "r/a:1"}}),
        job(docker={"image": "r/a:1"}),
        job(ucr={"image": {"id": "r/a:1"}}),
    ],
    ids=["docker", "ucr", "pod", "job", "job-ucr"],
)
def test_an_image_wherever_it_stands(definition: Any) -> None:
    image = container(definition).image
    assert image is not None
    assert image.reference.value == "r/a:1"


ENV = {"A": "1", "B": {"secret": "s"}, "C": None, "D": 5}


@pytest.mark.parametrize(
    "definition",
    [{**APP, "env": ENV}, pod({"environment": ENV}), pod({}, environment=ENV), job(env=ENV)],
    ids=["app", "container", "pod", "job"],
)
def test_environment_variables(definition: Any) -> None:
    found = {item.name: item for item in container(definition).env}
    assert found.keys() == {"A", "B", "D"}
    assert found["A"].value is not None
    assert found["A"].value.value == "1"
    assert found["B"].value is None
    assert found["B"].secret is not None
    assert found["B"].secret.value == "s"
    assert found["D"].value is not None
    assert found["D"].value.value == "5"


def test_a_container_s_variable_wins_over_its_pod_s() -> None:
    found = container(pod({"environment": {"A": "2"}}, environment={"A": "1", "B": "1"})).env
    assert [(item.name, item.value and item.value.value) for item in found] == [
        ("A", "2"),
        ("B", "1"),
    ]


@pytest.mark.parametrize("key", ["env", "e"])
def test_a_variable_by_parameter(key: str) -> None:
    (variable,) = container(docker((key, "A=b=c"))).env
    assert variable.name == "A"
    assert variable.value is not None
    assert variable.value.value == "b=c"


@pytest.mark.parametrize(
    "definition",
    [
        {**APP, "fetch": [{"uri": "http://x/y"}]},
        {**APP, "uris": ["http://x/y"]},
        pod({"artifacts": [{"uri": "http://x/y"}]}),
        job(artifacts=[{"uri": "http://x/y"}]),
    ],
    ids=["fetch", "uris", "artifacts", "job"],
)
def test_files_to_fetch(definition: Any) -> None:
    (artifact,) = container(definition).artifacts
    assert artifact.uri.value == "http://x/y"
    assert text_at(definition, artifact) == '"http://x/y"'


@pytest.mark.parametrize(
    ("definition", "mode"),
    [
        (docker(("ipc", "host")), "host"),
        (docker(("ipc", "shareable")), "shareable"),
        ({**APP, "container": {**UCR, "linuxInfo": {"ipcInfo": {"mode": "share_parent"}}}}, "host"),
        ({**APP, "container": {**UCR, "linuxInfo": {"ipcInfo": {"mode": "PRIVATE"}}}}, "private"),
        (pod({}, linuxInfo={"ipcInfo": {"mode": "SHARE_PARENT"}}), "host"),
        (pod({"linuxInfo": {"ipcInfo": {"mode": "SHARE_PARENT"}}}), None),
        (docker(), None),
    ],
)
def test_the_ipc_namespace(definition: Any, mode: str | None) -> None:
    ipc = container(definition).ipc
    assert (None if ipc is None else ipc.value) == mode


@pytest.mark.parametrize(
    ("definition", "options"),
    [
        (docker(("security-opt", "seccomp=unconfined")), [("seccomp", "unconfined")]),
        (docker(("security-opt", "seccomp:unconfined")), [("seccomp", "unconfined")]),
        (docker(("security-opt", "label=type:spc_t")), [("label", "type:spc_t")]),
        (docker(("security-opt", "no-new-privileges")), [("no-new-privileges", "")]),
        ({**APP, "container": {**UCR, "linuxInfo": {"seccomp": {"unconfined": True}}}},
         [("seccomp", "unconfined")]),
        (pod({"linuxInfo": {"seccomp": {"unconfined": True}}}), [("seccomp", "unconfined")]),
        (pod({}, linuxInfo={"seccomp": {"unconfined": True}}), [("seccomp", "unconfined")]),
        (pod({"linuxInfo": {"seccomp": {"profileName": "x"}}}), [("seccomp", "x")]),
    ],
)  # fmt: skip
def test_security_options(definition: Any, options: list[tuple[str, str]]) -> None:
    found = container(definition).security_options
    assert [(option.name, option.setting.value) for option in found] == options


PORTS = [
    ({**APP, "ports": [80]}, [(None, 80)]),
    ({**APP, "ports": [80], "requirePorts": True}, [(80, None)]),
    ({**APP, "portDefinitions": [{"port": 80}]}, [(None, 80)]),
    ({**APP, "portDefinitions": [{"port": 80}], "requirePorts": True}, [(80, None)]),
    ({**APP, "portDefinitions": []}, []),
    (docker(portMappings=[{"containerPort": 80, "hostPort": 8080}]), [(8080, None)]),
    (APP, [(None, None)]),
]


@pytest.mark.parametrize(("definition", "ports"), PORTS)
def test_host_and_service_ports(definition: Any, ports: list[tuple[object, object]]) -> None:
    found = workload(definition).ports
    assert [
        (port.host_port and port.host_port.value, port.service_port and port.service_port.value)
        for port in found
    ] == ports


def test_endpoints_are_ports_of_their_container() -> None:
    definition = pod({"endpoints": [{"name": "http", "containerPort": 80, "hostPort": 8080}]})
    (port,) = container(definition).ports
    assert port.host_port is not None
    assert port.host_port.value == 8080


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({}, 1),
        ({"ports": None}, 1),
        ({"networks": [{"mode": "container/bridge"}]}, 0),
        ({"ports": []}, 0),
        ({"ports": [1, 2], "portDefinitions": [{"port": 1}, {"port": 2}]}, 2),
        ({"container": {**UCR, "portMappings": [{}, {}, {}]}}, 3),
        ({"ipAddress": {"discovery": {"ports": [{"name": "a"}]}}}, 1),
    ],
)
def test_an_app_has_the_ports_that_it_lists_or_one_on_the_agent(fields: Any, count: int) -> None:
    assert len(workload({**APP, **fields}).ports) == count


@pytest.mark.parametrize(
    ("fields", "is_fixed"),
    [
        ({"requirePorts": True}, True),
        ({}, False),
        ({"requirePorts": False}, False),
        ({"requirePorts": True, "networks": [{"mode": "container/bridge"}]}, False),
    ],
)
def test_ports_are_required_on_the_agents_network_only(fields: Any, *, is_fixed: bool) -> None:
    (port,) = workload({**APP, "portDefinitions": [{"port": 9000}], **fields}).ports
    assert (port.host_port is not None, port.service_port is None) == (is_fixed, is_fixed)


@pytest.mark.parametrize(
    ("fields", "is_hidden"),
    [
        ({"portDefinitions": "{{ports}}"}, True),
        ({"ports": ["{{port}}"]}, True),
        ({"container": {**UCR, "portMappings": "{{ports}}"}}, True),
        ({"portDefinitions": [{"port": "{{port}}"}]}, False),
        ({}, False),
    ],
)
def test_ports_behind_a_placeholder_are_known_to_be_missing(
    fields: Any, *, is_hidden: bool
) -> None:
    assert workload({**APP, **fields}).has_hidden_ports is is_hidden


@pytest.mark.parametrize(
    ("fields", "index"),
    [
        ({"portDefinitions": [{"port": 0}]}, 0),
        ({"container": {**UCR, "portMappings": []}}, 0),
        ({"ports": [0, 0]}, None),
        ({}, None),
    ],
)
def test_a_check_is_of_the_first_port_where_ports_are_listed(
    fields: Any, index: int | None
) -> None:
    (check,) = workload({**APP, **fields, "healthChecks": [{"protocol": "TCP"}]}).health_checks
    assert (None if check.port_index is None else check.port_index.value) == index


def test_a_port_that_a_check_names_leaves_no_index() -> None:
    definition = {**APP, "portDefinitions": [{}], "healthChecks": [{"port": 80}]}
    assert workload(definition).health_checks[0].port_index is None


@pytest.mark.parametrize("form", ["http", "tcp"])
def test_an_informational_check_names_its_port_too(form: str) -> None:
    (check,) = workload({**APP, "check": {form: {"portIndex": 3}}}).health_checks
    assert (check.protocol.value, check.port_index and check.port_index.value) == ("CHECK", 3)


def test_readiness_is_asked_of_a_named_port() -> None:
    stated, default = ({**APP, "readinessChecks": [item]} for item in ({"portName": "a"}, {}))
    named, unnamed = (workload(each).readiness_checks[0].port_name for each in (stated, default))
    assert (named and named.value, unnamed and unnamed.value) == ("a", "http-api")


@pytest.mark.parametrize("written", ["pci", "name=pci", "alias=web,name=pci"])
def test_a_network_by_parameter_has_its_name(written: str) -> None:
    (network,) = workload(docker(("net", written))).networks
    assert network.mode.value == "container"
    assert network.name is not None
    assert network.name.value == "pci"


@pytest.mark.parametrize("name", ["host", "bridge", "none", "container:web"])
def test_a_mode_by_parameter_has_no_name(name: str) -> None:
    (network,) = workload(docker(("network", name))).networks
    assert network.name is None


@pytest.mark.parametrize("definition", [APP, pod({})])
def test_the_executor_s_own_resources(definition: Any) -> None:
    assert workload(definition).executor_resources is None
    own = workload({**definition, "executorResources": {"cpus": 0.5}}).executor_resources
    assert own is not None
    assert own.cpus is not None
    assert own.cpus.value == 0.5
    assert own.mem is None


@pytest.mark.parametrize(
    ("group", "enforces"),
    [
        ({"id": "/dev", "enforceRole": True}, True),
        ({"id": "/dev", "enforceRole": False}, False),
        ({"id": "/dev"}, None),
        ({"id": "/"}, None),
    ],
)
def test_a_workload_knows_whether_its_top_group_enforces_its_role(
    group: Any, enforces: bool | None
) -> None:
    inner = {"id": "inner", "enforceRole": None, "apps": [{"id": "a", "cmd": "run"}]}
    stated = workload({**group, "groups": [inner]}).enforces_role
    assert (None if stated is None else stated.value) is enforces
