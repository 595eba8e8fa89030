"""Starting: a pod's sandbox, and each of its containers, from the Pod's object to a running process.

    container: image -> environment -> mounts -> CreateContainer -> StartContainer -> postStart

Every step that fails raises `StartProblem` with the reason that the status shows, and has told of it in an event.
Source: the order and the words of kuberuntime's startContainer.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from cri_api.v1 import api_pb2 as cri

from hythe.errors import HytheError
from hythe.kube.client.resources import Resource
from hythe.kube.kubelet.cri.client import CriError
from hythe.kube.kubelet.cri.observed import Observed
from hythe.kube.kubelet.env.fields import Place
from hythe.kube.kubelet.env.services import service_variables
from hythe.kube.kubelet.env.variables import ConfigProblem, Source, environment, needed
from hythe.kube.kubelet.images.puller import ImageProblem, Login, logins
from hythe.kube.kubelet.lifecycle.hooks import HookFailed, run_hook
from hythe.kube.kubelet.lifecycle.problems import SandboxProblem, StartProblem
from hythe.kube.kubelet.lifecycle.records import tell_of
from hythe.kube.kubelet.lifecycle.shared import Shared
from hythe.kube.kubelet.pods import hosts, names, parts, security
from hythe.kube.kubelet.pods.container import Prepared, container_config
from hythe.kube.kubelet.pods.dns import hostname
from hythe.kube.kubelet.pods.sandbox import sandbox_config
from hythe.kube.kubelet.volumes import folders, mounting
from hythe.kube.kubelet.volumes.manager import Ready
from hythe.kube.objects.types import Object

RETRY = 10.0
RUNTIME_CLASSES = Resource("node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", False)


class Starter:
    """For one pod."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def sandbox_config(self, pod: Object, attempt: int) -> cri.PodSandboxConfig:
        """Raises SandboxProblem."""
        shared = self._shared
        try:
            return sandbox_config(
                pod, shared.settings, shared.machine.resolver, attempt, shared.groups.path(pod)
            )
        except ValueError as error:
            raise SandboxProblem(str(error)) from error

    async def sandbox(self, pod: Object, attempt: int) -> str:
        """Its id. Raises SandboxProblem, of which an event has told."""
        tell = tell_of(self._shared.recorder, pod)
        try:
            config = self.sandbox_config(pod, attempt)
            self._shared.groups.create(pod)
            Path(config.log_directory).mkdir(mode=0o755, parents=True, exist_ok=True)
            return await self._shared.runtime.run_sandbox(config, await self._handler(pod))
        except (HytheError, OSError) as error:
            text = error.full if isinstance(error, CriError) else str(error)
            tell("Warning", "FailedCreatePodSandBox", f"Failed to create pod sandbox: {text}")
            raise SandboxProblem(text) from error

    async def _handler(self, pod: Object) -> str:
        """The runtime's name for the pod's RuntimeClass. Raises ApiError for a class that is not there."""
        name = pod["spec"].get("runtimeClassName")
        if not name:
            return ""
        return str((await self._shared.client.get(RUNTIME_CLASSES, name)).get("handler") or "")

    async def container(
        self,
        pod: Object,
        one: Object,
        seen: Observed,
        volumes: Mapping[str, Ready],
        attempt: int,
        created: Callable[[str], None],
    ) -> str:
        """The id of the started container, which `created` is told before the start. Raises StartProblem."""
        sandbox = seen.sandbox
        if sandbox is None:
            raise StartProblem("CreateContainerError", "the pod has no sandbox", RETRY)
        config = self.sandbox_config(pod, sandbox.attempt)
        tell = tell_of(self._shared.recorder, pod, one["name"])
        try:
            image = await self._shared.puller.ensure(one, config, await self._logins(pod), tell)
        except ImageProblem as error:
            tell("Warning", "Failed", f"Error: {error.reason}")
            raise StartProblem(error.reason, error.message, error.retry or RETRY) from error
        wanted = await self._configured(pod, one, seen, volumes, image, attempt)
        try:
            identity = await self._shared.runtime.create_container(sandbox.id, wanted, config)
        except CriError as error:
            tell("Warning", "Failed", f"Error: {error.message}")
            raise StartProblem("CreateContainerError", error.message, RETRY) from error
        tell("Normal", "Created", f"Created container: {one['name']}")
        try:
            created(identity)
            await self._shared.runtime.start_container(identity)
        except CriError as error:
            tell("Warning", "Failed", f"Error: {error.message}")
            raise StartProblem("RunContainerError", error.message, RETRY) from error
        tell("Normal", "Started", f"Started container {one['name']}")
        return identity

    async def after_start(self, pod: Object, one: Object, container_id: str, seen: Observed) -> None:
        """Run postStart; a container whose hook fails is killed. Raises StartProblem."""
        handler = (one.get("lifecycle") or {}).get("postStart")
        if not handler:
            return
        try:
            await run_hook(self._shared.runtime, handler, one, container_id, self._ips(pod, seen))
        except HytheError as error:
            tell = tell_of(self._shared.recorder, pod, one["name"])
            said = "PostStartHook failed" if isinstance(error, HookFailed) else error.message
            tell("Warning", "FailedPostStartHook", said)
            tell("Normal", "Killing", "FailedPostStartHook")
            await self._shared.runtime.stop_container(container_id, parts.grace_period(pod))
            raise StartProblem("PostStartHookError", said, 0.0) from error

    def _ips(self, pod: Object, seen: Observed) -> tuple[str, ...]:
        return self._shared.machine.ips if parts.host_network(pod) else seen.ips

    def place(self, pod: Object, seen: Observed | None) -> Place:
        """Where downward references look."""
        machine = self._shared.machine
        known = [one["ip"] for one in (pod.get("status") or {}).get("podIPs") or []]
        return Place(tuple(seen.ips if seen else ()) or tuple(known), machine.ips, machine.allocatable)

    async def _logins(self, pod: Object) -> list[Login]:
        """Out of the pod's pull secrets; those that do not exist are passed over, as in Kubernetes."""
        wanted = {Source("secret", one["name"]) for one in pod["spec"].get("imagePullSecrets") or []}
        if not wanted:
            return []
        found = await self._shared.references.get_all(names.uid(pod), names.namespace(pod), wanted)
        return logins(secret for secret in found.values() if secret is not None)

    async def _configured(
        self,
        pod: Object,
        one: Object,
        seen: Observed,
        volumes: Mapping[str, Ready],
        image: cri.Image,
        attempt: int,
    ) -> cri.ContainerConfig:
        tell = tell_of(self._shared.recorder, pod, one["name"])
        try:
            if why := security.refuses_root(pod, one, image):
                raise ConfigProblem(why)
            env = await self._environment(pod, one, seen)
            mounts = await asyncio.to_thread(self._mounts, pod, one, seen, volumes, env, attempt)
        except (HytheError, OSError) as error:
            tell("Warning", "Failed", f"Error: {error}")
            raise StartProblem("CreateContainerConfigError", str(error), RETRY) from error
        prepared = Prepared(
            image.id,
            attempt,
            env,
            mounts,
            [],
            self._shared.machine.memory,
            security.target_of(one, seen),
        )
        return container_config(pod, one, self._shared.settings, prepared)

    async def _environment(self, pod: Object, one: Object, seen: Observed) -> dict[str, str]:
        space = names.namespace(pod)
        sources = await self._shared.references.get_all(names.uid(pod), space, needed(one))
        links = pod["spec"].get("enableServiceLinks") is not False
        services = service_variables(self._shared.services(), space, links=links)
        return environment(pod, one, sources, services, self.place(pod, seen))

    def _mounts(
        self,
        pod: Object,
        one: Object,
        seen: Observed,
        volumes: Mapping[str, Ready],
        env: Mapping[str, str],
        attempt: int,
    ) -> list[cri.Mount]:
        """Of the container's volumes, and /etc/hosts and the termination message, which the kubelet adds."""
        folder = self._shared.volumes.folder(names.uid(pod))
        found = mounting.container_mounts(one, volumes, env, folder)
        if not mounting.has(one, mounting.ETC_HOSTS):
            place = self.write_hosts(pod, seen)
            read_only = bool(security.effective(pod, one).get("readOnlyRootFilesystem"))
            found.append(
                cri.Mount(container_path=mounting.ETC_HOSTS, host_path=str(place), readonly=read_only)
            )
        log = folders.termination_log(folder, one["name"], attempt)
        log.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        os.close(os.open(log, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o666))
        log.chmod(0o666)
        inside = one.get("terminationMessagePath") or "/dev/termination-log"
        found.append(cri.Mount(container_path=inside, host_path=str(log)))
        return found

    def write_hosts(self, pod: Object, seen: Observed) -> Path:
        """The pod's /etc/hosts, written anew in place, since running containers see this very file."""
        short, domain = hostname(pod, self._shared.settings.cluster_domain)
        if parts.host_network(pod):
            text = hosts.host_network_file(pod, Path("/etc/hosts").read_text())
        else:
            text = hosts.hosts_file(pod, seen.ips, short, domain)
        place = self._shared.volumes.folder(names.uid(pod)) / "etc-hosts"
        place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        place.write_text(text)
        place.chmod(0o644)
        return place
