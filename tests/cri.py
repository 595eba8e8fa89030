"""A client of the CRI for tests: gRPC with the generated messages, as a kubelet has it, and a few words to say less."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from cri_api.v1 import api_pb2 as cri
from cri_api.v1 import api_pb2_grpc as services

from tests.targets import Target, start_hythe
from tests.waiting import wait_until

SECONDS = 60
_numbers = itertools.count()


@dataclass
class Pod:
    id: str
    config: cri.PodSandboxConfig


@dataclass
class Client:
    """`runtime` and `images` are the generated stubs; `logs` is a folder for pods' logs."""

    runtime: Any
    images: Any
    logs: Path
    pods: list[Pod] = field(default_factory=list)

    def config(self, **fields: Any) -> cri.PodSandboxConfig:
        """Of a pod that there is not yet."""
        name = f"pod-{os.getpid()}-{next(_numbers)}"
        given: dict[str, Any] = {
            "metadata": cri.PodSandboxMetadata(name=name, uid=f"uid-{name}", namespace="tests"),
            "hostname": name,
            "log_directory": str(self.logs / name),
            "linux": cri.LinuxPodSandboxConfig(),
        }
        return cri.PodSandboxConfig(**given | fields)

    def pod(self, config: cri.PodSandboxConfig | None = None) -> Pod:
        config = config or self.config()
        answer = self.runtime.RunPodSandbox(cri.RunPodSandboxRequest(config=config), timeout=SECONDS)
        pod = Pod(answer.pod_sandbox_id, config)
        self.pods.append(pod)
        return pod

    def create(self, pod: Pod, *command: str, name: str = "main", **fields: Any) -> str:
        given: dict[str, Any] = {
            "metadata": cri.ContainerMetadata(name=name),
            "image": cri.ImageSpec(image="busybox"),
            "command": command,
            "log_path": f"{name}.log",
            "linux": cri.LinuxContainerConfig(),
        }
        request = cri.CreateContainerRequest(
            pod_sandbox_id=pod.id, config=cri.ContainerConfig(**given | fields), sandbox_config=pod.config
        )
        return str(self.runtime.CreateContainer(request, timeout=SECONDS).container_id)

    def start(self, id: str) -> None:
        self.runtime.StartContainer(cri.StartContainerRequest(container_id=id), timeout=SECONDS)

    def run(self, pod: Pod, *command: str, name: str = "main", **fields: Any) -> str:
        """A container that has been started; its id."""
        id = self.create(pod, *command, name=name, **fields)
        self.start(id)
        return id

    def status(self, id: str) -> cri.ContainerStatus:
        answer = self.runtime.ContainerStatus(cri.ContainerStatusRequest(container_id=id))
        return answer.status  # type: ignore[no-any-return]

    def pod_status(self, pod: Pod) -> cri.PodSandboxStatus:
        answer = self.runtime.PodSandboxStatus(cri.PodSandboxStatusRequest(pod_sandbox_id=pod.id))
        return answer.status  # type: ignore[no-any-return]

    def ended(self, id: str) -> cri.ContainerStatus:
        """Its status once it has ended."""
        status = wait_until(lambda: self._if_ended(id), 30, "the end of the container")
        assert status is not None
        return status

    def _if_ended(self, id: str) -> cri.ContainerStatus | None:
        status = self.status(id)
        return status if status.state == cri.CONTAINER_EXITED else None

    def exec(self, id: str, *command: str, timeout: int = 20) -> tuple[int, str, str]:
        """(code, output, errors)."""
        request = cri.ExecSyncRequest(container_id=id, cmd=command, timeout=timeout)
        answer = self.runtime.ExecSync(request, timeout=SECONDS)
        return answer.exit_code, answer.stdout.decode(), answer.stderr.decode()

    def output(self, pod: Pod, *command: str, **fields: Any) -> str:
        """What a container of the pod prints, run to its end."""
        name = f"run-{next(_numbers)}"
        id = self.run(pod, *command, name=name, **fields)
        self.ended(id)
        return "".join(text for _, _, _, text in self.lines(pod, name))

    def lines(self, pod: Pod, name: str = "main") -> list[tuple[str, str, str, str]]:
        """(time, stream, tag, text with its newline where the line is whole) of a container's log."""
        found = []
        for line in (Path(pod.config.log_directory) / f"{name}.log").read_text().splitlines():
            time, stream, tag, text = line.split(" ", 3)
            found.append((time, stream, tag, text + ("\n" if tag == "F" else "")))
        return found

    def remove_pods(self) -> None:
        while self.pods:
            pod = self.pods.pop()
            self.runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=pod.id))
            self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod.id))


@contextmanager
def connected(endpoint: str, logs: Path) -> Iterator[Client]:
    large = [("grpc.max_receive_message_length", 17 << 20)]  # as kubelet has it
    with grpc.insecure_channel(endpoint, large) as channel:
        grpc.channel_ready_future(channel).result(SECONDS)
        runtime: Any = services.RuntimeServiceStub(channel)  # type: ignore[no-untyped-call]
        images: Any = services.ImageServiceStub(channel)  # type: ignore[no-untyped-call]
        yield Client(runtime, images, logs)


@contextmanager
def start_with_cri(root: Path, *options: str) -> Iterator[tuple[Target, str]]:
    """A hythe daemon that serves CRI, and where."""
    endpoint = f"unix://{root}/cri.sock"
    with start_hythe(root, "--cri", endpoint, *options) as target:
        yield target, endpoint


def code_of(error: grpc.RpcError) -> grpc.StatusCode:
    assert isinstance(error, grpc.Call)
    return error.code()


def details_of(error: grpc.RpcError) -> str:
    assert isinstance(error, grpc.Call)
    return str(error.details())


def words(*commands: str) -> Sequence[str]:
    """A shell that runs these one after the other."""
    return ("sh", "-c", "; ".join(commands))
