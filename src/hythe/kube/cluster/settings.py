"""What was chosen when a cluster was made, kept in its data directory, so that it is the same after each start."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Final

from hythe.base.files import write_atomic
from hythe.errors import InvalidArgument, NotFound, SystemProblem
from hythe.kube.cluster.places import settings_file

DOMAIN: Final = "cluster.local"


@dataclass(frozen=True)
class Settings:
    """`id`: in the names of what is made on this machine. `token`: joins nodes. `node_ip`: where others reach us."""

    id: str
    token: str
    service_cidr: str
    cluster_cidr: str
    node_ip: str
    node_name: str
    bind: str = "0.0.0.0"
    port: int = 6443
    domain: str = DOMAIN
    cri: str = ""
    datastore: str = ""

    @property
    def services(self) -> IPv4Network:
        return IPv4Network(self.service_cidr)

    @property
    def dns_address(self) -> str:
        """The cluster address of cluster DNS, the tenth of the range by custom."""
        return str(self.services[10])

    @property
    def url(self) -> str:
        return f"https://{self.node_ip}:{self.port}"


def load(data: Path) -> Settings:
    """Raises NotFound where no cluster was made, SystemProblem for a file that cannot be used."""
    path = settings_file(data)
    try:
        read: dict[str, Any] = json.loads(path.read_text())
        known = {field.name for field in fields(Settings)}
        return Settings(**{key: value for key, value in read.items() if key in known})
    except FileNotFoundError as error:
        raise NotFound(
            f"there is no cluster in {data}", hint="make one: hythe kube up, or give its --data-dir"
        ) from error
    except (OSError, ValueError, TypeError) as error:
        raise SystemProblem(f"{path} cannot be used: {error}") from error


def save(data: Path, settings: Settings) -> None:
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomic(settings_file(data), json.dumps(asdict(settings), indent=2).encode() + b"\n", 0o600)


def changed(settings: Settings, wanted: dict[str, Any]) -> Settings:
    """`settings` with what the flags say; what cannot change in a cluster that exists is refused."""
    given = {key: value for key, value in wanted.items() if value is not None}
    for key in ("service_cidr", "cluster_cidr", "node_name"):
        if key in given and given[key] != getattr(settings, key):
            flag = "--" + key.replace("_", "-")
            raise InvalidArgument(
                f"{flag} is {getattr(settings, key)} in this cluster and cannot be changed",
                hint="make another with another --data-dir",
            )
    return replace(settings, **given)
