"""POST /commit: the configuration that its body gives to the image.

What only a container has (a terminal, attached streams, the image's name) means nothing to an image, there as in
dockerd: clients send back what inspect has shown them.
"""

from __future__ import annotations

import msgspec

from hythe.api.docker.translate.create import container_env, health, words
from hythe.api.docker.translate.ports import normalised
from hythe.api.docker.types.containers import ContainerConfig
from hythe.oci.image import HealthConfig, RunConfig


def run_config(body: ContainerConfig) -> RunConfig | None:
    """None for a body that says nothing: the container's own configuration is meant. Raises InvalidArgument."""
    if body == ContainerConfig():
        return None
    check = health(body.healthcheck) if body.healthcheck else None
    return RunConfig(
        hostname=body.hostname,
        domainname=body.domainname,
        user=body.user,
        exposed_ports={normalised(port): {} for port in body.exposed_ports} or None,
        env=container_env(body.env) or None,
        cmd=words(body.cmd),
        healthcheck=None if check is None else HealthConfig(**msgspec.structs.asdict(check)),
        volumes={path: {} for path in body.volumes} or None,
        working_dir=body.working_dir,
        entrypoint=words(body.entrypoint),
        labels=body.labels or None,
        stop_signal=body.stop_signal,
        stop_timeout=body.stop_timeout,
    )
