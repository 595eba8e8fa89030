"""Pods over gRPC: what their containers share, what they are given, and how they come and go."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from cri_api.v1 import api_pb2 as cri

from tests.cri import Client, code_of, words
from tests.targets import Target
from tests.waiting import wait_until

pytestmark = pytest.mark.root


def options(**fields: int | str | cri.UserNamespace) -> cri.LinuxSandboxSecurityContext:
    return cri.LinuxSandboxSecurityContext(namespace_options=cri.NamespaceOption(**fields))  # type: ignore[arg-type]


def pid_mode(**fields: int | str) -> cri.LinuxContainerConfig:
    asked = cri.NamespaceOption(**fields)  # type: ignore[arg-type]
    return cri.LinuxContainerConfig(
        security_context=cri.LinuxContainerSecurityContext(namespace_options=asked)
    )


def test_containers_of_a_pod_share_network_names_and_memory(client: Client) -> None:
    pod = client.pod()
    first = client.run(pod, *words("echo shared > /dev/shm/x", "nc -l -p 7000 -e echo reached"), name="first")
    second = client.run(pod, "sleep", "100", name="second")
    assert client.exec(second, "hostname")[1] == f"{pod.config.hostname}\n"
    assert client.exec(second, "cat", "/dev/shm/x")[1] == "shared\n"
    wait_until(lambda: client.exec(second, *words("nc 127.0.0.1 7000 < /dev/null"))[1] == "reached\n")
    assert client.pod_status(pod).network.ip in client.exec(second, "cat", "/etc/hosts")[1]
    assert client.ended(first).reason == "Completed"


def test_processes_are_shared_as_the_pod_says(client: Client) -> None:
    pod = client.pod()
    a = client.run(pod, "sleep", "111", name="a", linux=pid_mode(pid=cri.POD))
    b = client.run(pod, "sleep", "222", name="b", linux=pid_mode(pid=cri.POD))
    alone = client.run(pod, "sleep", "333", name="alone", linux=pid_mode(pid=cri.CONTAINER))
    beside = client.run(pod, "sleep", "444", name="beside", linux=pid_mode(pid=cri.TARGET, target_id=alone))
    assert "sleep 222" in client.exec(a, "ps")[1] and "sleep 111" in client.exec(b, "ps")[1]
    assert "/pause" in client.exec(a, "ps")[1]
    seen = client.exec(alone, "ps")[1]
    assert "sleep 444" in seen and "sleep 111" not in seen and "pause" not in seen
    assert "sleep 333" in client.exec(beside, "ps")[1]


def test_the_first_process_of_a_pod_reaps_what_is_left_to_it(client: Client) -> None:
    pod = client.pod()
    id = client.run(pod, "sleep", "100", linux=pid_mode(pid=cri.POD))
    client.exec(id, *words("(sleep 0.1 &)"))
    wait_until(
        lambda: "sleep 0.1" not in client.exec(id, "ps")[1] and "[sleep]" not in client.exec(id, "ps")[1]
    )


def test_the_host_s_namespaces(client: Client) -> None:
    context = options(network=cri.NODE, pid=cri.NODE, ipc=cri.NODE)
    pod = client.pod(client.config(hostname="", linux=cri.LinuxPodSandboxConfig(security_context=context)))
    id = client.run(pod, "sleep", "100", linux=pid_mode(pid=cri.NODE, network=cri.NODE, ipc=cri.NODE))
    for kind in ("net", "pid", "ipc", "uts"):
        own = Path(f"/proc/self/ns/{kind}").readlink()
        assert client.exec(id, "readlink", f"/proc/self/ns/{kind}")[1].strip() == str(own), kind
    assert client.pod_status(pod).network.ip == ""


def test_dns_is_what_the_pod_says(client: Client) -> None:
    dns = cri.DNSConfig(
        servers=["10.1.2.3", "10.1.2.4"], searches=["a.example", "b.example"], options=["ndots:5"]
    )
    pod = client.pod(client.config(dns_config=dns))
    text = client.output(pod, "cat", "/etc/resolv.conf")
    assert text == ("nameserver 10.1.2.3\nnameserver 10.1.2.4\nsearch a.example b.example\noptions ndots:5\n")


def test_parameters_of_the_kernel(client: Client) -> None:
    sysctls = {"net.ipv4.ip_local_port_range": "1024 65000", "kernel.shm_rmid_forced": "1"}
    pod = client.pod(client.config(linux=cri.LinuxPodSandboxConfig(sysctls=sysctls)))
    text = client.output(
        pod, *words("cat /proc/sys/net/ipv4/ip_local_port_range", "cat /proc/sys/kernel/shm_rmid_forced")
    )
    assert text.split() == ["1024", "65000", "1"]


def test_parameters_of_the_host_are_refused(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        client.pod(client.config(linux=cri.LinuxPodSandboxConfig(sysctls={"vm.swappiness": "1"})))
    assert code_of(refused.value) == grpc.StatusCode.INVALID_ARGUMENT
    assert client.runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items == []


def test_a_port_of_the_host_leads_to_the_pod(client: Client, engine: Target) -> None:
    mapping = cri.PortMapping(protocol=cri.TCP, container_port=80, host_port=18474, host_ip="127.0.0.1")
    pod = client.pod(client.config(port_mappings=[mapping]))
    client.run(pod, *words("echo page > /tmp/index.html", "exec httpd -f -p 80 -h /tmp"))
    command = ("busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:18474/index.html")
    wait_until(lambda: engine.in_network(*command).out == "page\n")


def test_a_user_namespace_with_the_mapping_that_was_asked_for(client: Client) -> None:
    mapping = [cri.IDMapping(host_id=200000, container_id=0, length=65536)]
    wanted = cri.UserNamespace(mode=cri.POD, uids=mapping, gids=mapping)
    linux = cri.LinuxPodSandboxConfig(security_context=options(userns_options=wanted))
    pod = client.pod(client.config(linux=linux))
    id = client.run(pod, "sleep", "100")
    assert client.exec(id, "cat", "/proc/self/uid_map")[1].split() == ["0", "200000", "65536"]
    assert client.exec(id, *words("touch /root/x", "stat -c %u /root/x"))[1] == "0\n"


def test_without_options_a_pod_is_in_the_host_s_user_namespace(client: Client) -> None:
    pod = client.pod()
    assert client.output(pod, "cat", "/proc/self/uid_map").split() == ["0", "0", "4294967295"]


def test_names_and_labels_as_docker_shows_them(client: Client, engine: Target) -> None:
    labels = {"io.kubernetes.pod.name": "web", "app": "shop"}
    config = client.config(labels=labels, annotations={"note": "x"})
    pod = client.pod(config)
    id = client.run(pod, "sleep", "100", labels={"io.kubernetes.container.name": "main"})
    meta = config.metadata
    shown = engine.docker("ps", "--format", "{{.Names}}").out.split()
    assert f"k8s_POD_{meta.name}_tests_{meta.uid}_0" in shown
    assert f"k8s_main_{meta.name}_tests_{meta.uid}_0" in shown
    details = engine.inspect(id)["Config"]["Labels"]
    assert details["io.kubernetes.sandbox.id"] == pod.id
    assert details["io.kubernetes.docker.type"] == "container"
    assert details["io.kubernetes.container.logpath"] == f"{config.log_directory}/main.log"
    listed = client.runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items
    assert [(one.labels, one.annotations) for one in listed] == [(labels, {"note": "x"})]


def test_lists_are_narrowed(client: Client) -> None:
    one, two = client.pod(client.config(labels={"n": "1"})), client.pod(client.config(labels={"n": "2"}))
    running = client.run(one, "sleep", "100", labels={"k": "v"})
    ended = client.run(two, "true")
    client.ended(ended)

    def pods(**fields: object) -> list[str]:
        wanted = cri.PodSandboxFilter(**fields)  # type: ignore[arg-type]
        return [p.id for p in client.runtime.ListPodSandbox(cri.ListPodSandboxRequest(filter=wanted)).items]

    def containers(**fields: object) -> list[str]:
        wanted = cri.ContainerFilter(**fields)  # type: ignore[arg-type]
        answer = client.runtime.ListContainers(cri.ListContainersRequest(filter=wanted))
        return [c.id for c in answer.containers]

    assert pods(label_selector={"n": "2"}) == [two.id]
    assert pods(id=one.id[:13]) == [one.id]
    assert pods(label_selector={"n": "3"}) == []
    assert containers(state=cri.ContainerStateValue(state=cri.CONTAINER_EXITED)) == [ended]
    assert containers(pod_sandbox_id=one.id) == [running]
    assert containers(label_selector={"k": "v"}) == [running]
    client.runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=two.id))
    assert pods(state=cri.PodSandboxStateValue(state=cri.SANDBOX_NOTREADY)) == [two.id]


def test_what_is_gone_or_done_is_no_error(client: Client) -> None:
    pod = client.pod()
    id = client.run(pod, "sleep", "100")
    runtime = client.runtime
    for _ in range(2):
        runtime.StopContainer(cri.StopContainerRequest(container_id=id, timeout=0))
    for _ in range(2):
        runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=pod.id))
    for _ in range(2):
        runtime.RemoveContainer(cri.RemoveContainerRequest(container_id=id))
    for _ in range(2):
        runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod.id))
    with pytest.raises(grpc.RpcError) as gone:
        client.pod_status(pod)
    assert code_of(gone.value) == grpc.StatusCode.NOT_FOUND


def test_a_pod_cannot_be_made_twice(client: Client) -> None:
    config = client.config()
    client.pod(config)
    with pytest.raises(grpc.RpcError) as taken:
        client.pod(config)
    assert code_of(taken.value) == grpc.StatusCode.ALREADY_EXISTS


def test_a_stopped_pod_takes_no_container(client: Client) -> None:
    pod = client.pod()
    client.runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=pod.id))
    with pytest.raises(grpc.RpcError) as refused:
        client.create(pod, "true")
    assert code_of(refused.value) == grpc.StatusCode.FAILED_PRECONDITION


def test_events_tell_of_the_pod_as_it_is(client: Client) -> None:
    stream = client.runtime.GetContainerEvents(cri.GetEventsRequest(), timeout=30)
    stream.initial_metadata()  # waits until it is under way
    pod = client.pod()
    id = client.run(pod, *words("exit 3"))
    client.ended(id)
    seen = []
    for event in stream:
        if event.container_id == id:
            seen.append(event)
        if event.container_id == id and event.container_event_type == cri.CONTAINER_STOPPED_EVENT:
            break
    stream.cancel()
    assert [event.container_event_type for event in seen] == [
        cri.CONTAINER_CREATED_EVENT, cri.CONTAINER_STARTED_EVENT, cri.CONTAINER_STOPPED_EVENT,
    ]  # fmt: skip
    last = seen[-1]
    assert last.pod_sandbox_status.id == pod.id
    assert [(one.id, one.exit_code) for one in last.containers_statuses] == [(id, 3)]


def test_figures(client: Client) -> None:
    pod = client.pod()
    id = client.run(pod, *words("dd if=/dev/zero of=/big bs=1M count=3", "exec sleep 100"))
    wait_until(lambda: client.exec(id, "stat", "-c", "%s", "/big")[1] == "3145728\n")

    def read() -> cri.ContainerStats:
        request = cri.ContainerStatsRequest(container_id=id)
        return client.runtime.ContainerStats(request).stats  # type: ignore[no-any-return]

    assert read().memory.usage_bytes.value > 0
    found = wait_until(lambda: one if (one := read()).cpu.HasField("usage_nano_cores") else None)
    assert found is not None and found.cpu.usage_core_nano_seconds.value > 0
    assert found.writable_layer.used_bytes.value >= 3 << 20
    figures = client.runtime.PodSandboxStats(cri.PodSandboxStatsRequest(pod_sandbox_id=pod.id)).stats
    assert figures.linux.network.default_interface.name == "eth0"
    assert [one.attributes.id for one in figures.linux.containers] == [id]
    assert figures.linux.process.process_count.value >= 2


def test_the_runtime_says_what_it_is(client: Client) -> None:
    version = client.runtime.Version(cri.VersionRequest())
    assert (version.runtime_name, version.runtime_api_version) == ("hythe", "v1")
    status = client.runtime.Status(cri.StatusRequest(verbose=True))
    assert {one.type: one.status for one in status.status.conditions} == {
        "RuntimeReady": True,
        "NetworkReady": True,
    }
    assert "instance" in json.loads(status.info["config"])
    assert client.runtime.RuntimeConfig(cri.RuntimeConfigRequest()).linux.cgroup_driver == cri.CGROUPFS


def test_a_range_of_addresses_for_the_node(client: Client) -> None:
    def use(cidr: str) -> None:
        network = cri.NetworkConfig(pod_cidr=cidr)
        runtime_config = cri.RuntimeConfig(network_config=network)
        client.runtime.UpdateRuntimeConfig(cri.UpdateRuntimeConfigRequest(runtime_config=runtime_config))

    use("10.231.7.0/24")
    pod = client.pod()
    assert client.pod_status(pod).network.ip.startswith("10.231.7.")
    use("10.231.7.0/24")
    with pytest.raises(grpc.RpcError) as refused:
        use("10.231.8.0/24")
    assert code_of(refused.value) == grpc.StatusCode.FAILED_PRECONDITION


def test_what_is_not_implemented_says_so(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        client.runtime.CheckpointContainer(cri.CheckpointContainerRequest(container_id="x"))
    assert code_of(refused.value) == grpc.StatusCode.UNIMPLEMENTED


def test_the_socket_is_root_s_alone(engine: Target) -> None:
    assert (engine.root / "cri.sock").stat().st_mode & 0o077 == 0


def test_the_daemon_without_cri_has_no_grpc_in_it() -> None:
    script = (
        "import sys, hythe.daemon.main, hythe.daemon.app; "
        "print([name for name in sys.modules if name.partition('.')[0] in ('grpc', 'google', 'cri_api')])"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
