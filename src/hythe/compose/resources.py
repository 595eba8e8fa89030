"""Networks and volumes of a project: making those that are missing, removing them at the end."""

from __future__ import annotations

from typing import Any

from hythe.client import Client
from hythe.compose import naming
from hythe.compose.model import Network, Project, Volume
from hythe.compose.progress import Progress
from hythe.errors import Conflict, NotFound

Json = dict[str, Any]


class Resources:
    """Works on one project."""

    def __init__(self, client: Client, project: Project, progress: Progress) -> None:
        self._client, self._project, self._progress = client, project, progress

    def network(self, network: Network) -> None:
        """Make it if it is not there. An external one must be there."""
        existing = self._network(network.name)
        if network.external:
            if existing is None:
                raise NotFound(
                    f"network {network.name} is declared as external, but it does not exist",
                    hint=f"make it with: hythe network create {network.name}",
                )
            return
        if existing is not None:
            owner = (existing.get("Labels") or {}).get(naming.PROJECT)
            if owner != self._project.name:
                self._progress.say(
                    f"warning: network {network.name} exists, but was not made by this project; "
                    "write external: true to use it without this warning"
                )
            return
        thing = f"Network {network.name}"
        self._progress.show(thing, "Creating")
        self._client.networks.create(self._request(network))
        self._progress.show(thing, "Created")

    def volume(self, volume: Volume) -> None:
        """Make it if it is not there. An external one must be there."""
        try:
            existing = self._client.volumes.inspect(volume.name)
        except NotFound as error:
            if volume.external:
                raise NotFound(
                    f"volume {volume.name} is declared as external, but it does not exist",
                    hint=f"make it with: hythe volume create {volume.name}",
                ) from error
        else:
            owner = (existing.get("Labels") or {}).get(naming.PROJECT)
            if not volume.external and owner != self._project.name:
                self._progress.say(
                    f"warning: volume {volume.name} exists, but was not made by this project; "
                    "write external: true to use it without this warning"
                )
            return
        thing = f"Volume {volume.name}"
        self._progress.show(thing, "Creating")
        self._client.volumes.create(
            volume.name,
            driver=volume.driver or "local",
            options=volume.driver_opts,
            labels={**volume.labels, **naming.volume_labels(self._project, volume.key)},
        )
        self._progress.show(thing, "Created")

    def remove_network(self, name: str) -> None:
        self._remove(f"Network {name}", lambda: self._client.networks.remove(name))

    def remove_volume(self, name: str) -> None:
        self._remove(f"Volume {name}", lambda: self._client.volumes.remove(name))

    def remove_image(self, name: str) -> None:
        self._remove(f"Image {name}", lambda: self._client.images.remove(name))

    def _remove(self, thing: str, action: Any) -> None:
        """What somebody else still uses stays; the user is told."""
        self._progress.show(thing, "Removing")
        try:
            action()
        except NotFound:
            self._progress.show(thing, "Removed")
        except Conflict as error:
            self._progress.show(thing, "Resource is still in use")
            self._progress.say(f"warning: {thing.lower()} was kept: {error.message}")
        else:
            self._progress.show(thing, "Removed")

    def _network(self, name: str) -> Json | None:
        found = self._client.networks.list({"name": [name]})
        return next((one for one in found if one["Name"] == name), None)

    def _request(self, network: Network) -> Json:
        request: Json = {
            "Name": network.name,
            "Driver": network.driver or "bridge",
            "Internal": network.internal,
            "Attachable": network.attachable,
            "EnableIPv6": network.enable_ipv6,
            "Options": dict(network.driver_opts),
            "Labels": {**network.labels, **naming.network_labels(self._project, network.key)},
        }
        if network.ipam is not None:
            rows = [
                {"Subnet": one.subnet, "Gateway": one.gateway, "IPRange": one.ip_range}
                for one in network.ipam.config
            ]
            request["IPAM"] = {
                "Driver": network.ipam.driver or "default",
                "Config": [{key: value for key, value in row.items() if value} for row in rows],
                "Options": dict(network.ipam.options),
            }
        return request
