"""What the runtime says of itself: version, readiness, and what it is told of the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from cri_api.v1 import api_pb2 as cri

import hythe
from hythe.api.cri.network import NAME, PodNetwork
from hythe.api.cri.server import Handlers
from hythe.api.cri.translate.pod_spec import HANDLERS
from hythe.errors import NotFound

if TYPE_CHECKING:
    from hythe.engine.engine import Engine

_API: Final = "v1"
_KUBELET: Final = "0.1.0"
"""The version of the kubelet's side, which has never been another."""


class Node:
    def __init__(self, engine: Engine, network: PodNetwork) -> None:
        self._engine, self._network = engine, network

    def handlers(self) -> Handlers:
        return {
            "Version": self.version,
            "Status": self.status,
            "UpdateRuntimeConfig": self.update,
            "RuntimeConfig": self.config,
        }

    async def version(self, request: cri.VersionRequest) -> cri.VersionResponse:
        return cri.VersionResponse(
            version=_KUBELET,
            runtime_name="hythe",
            runtime_version=hythe.__version__,
            runtime_api_version=_API,
        )

    async def status(self, request: cri.StatusRequest) -> cri.StatusResponse:
        """Both conditions hold as soon as anybody is answered: nothing else has to be installed for them."""
        response = cri.StatusResponse(
            status=cri.RuntimeStatus(
                conditions=[
                    cri.RuntimeCondition(type=kind, status=True) for kind in ("RuntimeReady", "NetworkReady")
                ]
            ),
            runtime_handlers=[self._handler(name) for name in HANDLERS],
            features=cri.RuntimeFeatures(supplemental_groups_policy=True),
        )
        if request.verbose:
            response.info["config"] = msgspec.json.encode(self._info()).decode()
        return response

    def _handler(self, name: str) -> cri.RuntimeHandler:
        users = not self._engine.users.reason_for_host("private")
        features = cri.RuntimeHandlerFeatures(recursive_read_only_mounts=True, user_namespaces=users)
        return cri.RuntimeHandler(name=name, features=features)

    def _info(self) -> dict[str, object]:
        return {
            "instance": self._engine.instance,
            "dataRoot": str(self._engine.paths.data),
            "podNetwork": self._subnet(),
            "rootless": self._engine.standing.rootless,
        }

    def _subnet(self) -> str:
        try:
            return self._engine.networks.get(NAME).subnet
        except NotFound:
            return ""

    async def update(self, request: cri.UpdateRuntimeConfigRequest) -> cri.UpdateRuntimeConfigResponse:
        """The range of addresses that the cluster has given to this node."""
        cidr = request.runtime_config.network_config.pod_cidr
        if cidr:
            await self._network.use(cidr)
        return cri.UpdateRuntimeConfigResponse()

    async def config(self, request: cri.RuntimeConfigRequest) -> cri.RuntimeConfigResponse:
        """Control groups are named as in the file system, not as systemd names its slices."""
        return cri.RuntimeConfigResponse(linux=cri.LinuxRuntimeConfiguration(cgroup_driver=cri.CGROUPFS))
