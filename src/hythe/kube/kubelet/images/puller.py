"""An image for a container, present when `ensure` returns: found, or pulled, by the container's policy.

A pull that failed is not tried again before its delay is over (ImagePullBackOff); delays are kept for each image.
Several containers that want the same image share one pull. Events are those of Kubernetes.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from cri_api.v1 import api_pb2 as cri

from hythe.errors import HytheError, InvalidArgument
from hythe.kube.kubelet.backoff import Delays, go_duration
from hythe.kube.kubelet.config import Backoff
from hythe.kube.kubelet.cri.client import CriError, Runtime
from hythe.kube.kubelet.images.references import policy, with_tag
from hythe.kube.objects.types import Object

Tell = Callable[[str, str, str], None]
"""(type, reason, message) of an event about the container."""


SHOWN = 1.0
"""Seconds for which a pull that has just failed is shown as ErrImagePull, before ImagePullBackOff."""


class ImageProblem(HytheError):
    """A container waits for its image: `reason` is ErrImagePull, ImagePullBackOff, ErrImageNeverPull, ..."""

    def __init__(self, reason: str, message: str, retry: float | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry = retry


class Login(NamedTuple):
    """For one registry, out of a pull secret."""

    registry: str
    username: str
    password: str


class _Failed(NamedTuple):
    at: float
    why: str


class Puller:
    """One for the node."""

    def __init__(self, runtime: Runtime, delays: Backoff, now: Callable[[], float] = time.time) -> None:
        self._runtime = runtime
        self._delays = Delays(delays)
        self._now = now
        self._pulls: dict[str, asyncio.Task[str]] = {}
        self._failures: dict[str, _Failed] = {}

    async def ensure(
        self, container: Object, sandbox: cri.PodSandboxConfig, logins: Iterable[Login], tell: Tell
    ) -> cri.Image:
        """The image. Raises ImageProblem."""
        wanted = str(container.get("image", ""))
        try:
            name = with_tag(wanted)
        except InvalidArgument as error:
            tell("Warning", "InspectFailed", error.message)
            raise ImageProblem("InvalidImageName", error.message) from error
        present = await self._inspect(name, wanted, tell)
        rule = policy(container)
        if present is not None and rule != "Always":
            tell("Normal", "Pulled", f'Container image "{wanted}" already present on machine')
            return present
        if rule == "Never":
            message = f'Container image "{wanted}" is not present with pull policy of Never'
            if present is not None:
                tell("Normal", "Pulled", f'Container image "{wanted}" already present on machine')
                return present
            tell("Warning", "ErrImageNeverPull", message)
            raise ImageProblem("ErrImageNeverPull", message)
        return await self._pull(name, wanted, sandbox, list(logins), tell)

    def expire(self) -> None:
        """Forget images whose pulls failed long ago."""
        self._delays.expire(self._now())
        for name in [name for name in self._failures if not self._delays.current(name)]:
            del self._failures[name]

    async def _inspect(self, name: str, wanted: str, tell: Tell) -> cri.Image | None:
        try:
            return await self._runtime.image(name)
        except CriError as error:
            message = f'Failed to inspect image "{wanted}": {error.full}'
            tell("Warning", "InspectFailed", message)
            raise ImageProblem("ImageInspectError", message) from error

    async def _pull(
        self, name: str, wanted: str, sandbox: cri.PodSandboxConfig, logins: list[Login], tell: Tell
    ) -> cri.Image:
        failed = self._failures.get(name)
        if failed and (wait := self._delays.remaining(name, failed.at, self._now())):
            tell("Normal", "BackOff", f'Back-off pulling image "{wanted}"')
            text = f'Back-off pulling image "{wanted}": ErrImagePull: {failed.why}'
            raise ImageProblem("ImagePullBackOff", text, wait)
        tell("Normal", "Pulling", f'Pulling image "{wanted}"')
        begun = time.monotonic()
        try:
            reference = await self._shared(name, sandbox, _login_for(name, logins))
        except CriError as error:
            tell("Warning", "Failed", f'Failed to pull image "{wanted}": {error.full}')
            self._failures[name] = _Failed(self._now(), error.full)
            wait = self._delays.failed(name, self._now(), self._now())
            raise ImageProblem("ErrImagePull", error.full, min(SHOWN, wait / 2)) from error
        self._failures.pop(name, None)
        image = await self._runtime.image(reference) or await self._runtime.image(name)
        if image is None:
            raise ImageProblem("ErrImagePull", f'image "{wanted}" is gone again after its pull')
        took = go_duration(round(time.monotonic() - begun, 3))
        tell(
            "Normal",
            "Pulled",
            f'Successfully pulled image "{wanted}" in {took} ({took} including waiting). Image size: {image.size}'
            " bytes.",
        )
        return image

    async def _shared(self, name: str, sandbox: cri.PodSandboxConfig, auth: cri.AuthConfig | None) -> str:
        """One pull for all that ask with the same credentials meanwhile; it goes on when one of them gives up."""
        key = f"{name} {auth.SerializeToString().hex() if auth else ''}"
        task = self._pulls.get(key)
        if task is None:
            task = self._pulls[key] = asyncio.ensure_future(self._runtime.pull(name, auth, sandbox))
            task.add_done_callback(lambda done: self._pulls.pop(key, None))
        return await asyncio.shield(task)


def logins(secrets: Iterable[Object]) -> list[Login]:
    """Out of pull secrets (kubernetes.io/dockerconfigjson and dockercfg); what cannot be read is passed over."""
    found: list[Login] = []
    for secret in secrets:
        data = secret.get("data") or {}
        try:
            if ".dockerconfigjson" in data:
                entries = json.loads(base64.b64decode(data[".dockerconfigjson"])).get("auths") or {}
            else:
                entries = json.loads(base64.b64decode(data.get(".dockercfg") or b"e30="))
            found += [_login(registry, entry) for registry, entry in entries.items()]
        except (ValueError, AttributeError, KeyError):
            continue
    return found


def _login(registry: str, entry: Object) -> Login:
    if "auth" in entry:
        username, _, password = base64.b64decode(entry["auth"]).decode().partition(":")
        return Login(_host(registry), username, password)
    return Login(_host(registry), str(entry["username"]), str(entry["password"]))


def _host(registry: str) -> str:
    return registry.removeprefix("https://").removeprefix("http://").rstrip("/").removesuffix("/v1")


def _login_for(name: str, some: list[Login]) -> cri.AuthConfig | None:
    """That of the longest registry (or repository) that `name` begins with."""
    matching = [one for one in some if name == one.registry or name.startswith(f"{one.registry}/")]
    if not matching:
        return None
    best = max(matching, key=lambda one: len(one.registry))
    return cri.AuthConfig(username=best.username, password=best.password, server_address=best.registry)
