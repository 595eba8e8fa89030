"""The top level of a Compose file: services, and what they share."""

from __future__ import annotations

from typing import Final

from hythe.compose.schema.parts import OPTIONS, PAIRS, TEXT, TEXT_OR_TEXTS, optional
from hythe.compose.schema.service import SERVICE
from hythe.compose.schema.shapes import Anything, Fields, Flag, ListOf, Refused, Shape, TableOf, either

_EXTERNAL: Final = either(Flag(), Fields({"name": TEXT}))
_SUBNET: Final = Fields(
    {
        "subnet": TEXT,
        "gateway": TEXT,
        "ip_range": TEXT,
        "aux_addresses": Refused("take the addresses out of ip_range"),
    }
)
NETWORK: Final = optional(
    Fields(
        {
            "name": TEXT,
            "driver": TEXT,
            "driver_opts": OPTIONS,
            "internal": Flag(),
            "attachable": Flag(),
            "enable_ipv6": Flag(),
            "enable_ipv4": Refused("every network has IPv4"),
            "external": _EXTERNAL,
            "labels": PAIRS,
            "ipam": Fields({"driver": TEXT, "config": ListOf(_SUBNET), "options": OPTIONS}),
        }
    )
)
VOLUME: Final = optional(
    Fields({"name": TEXT, "driver": TEXT, "driver_opts": OPTIONS, "external": _EXTERNAL, "labels": PAIRS})
)
_CLUSTER: Final = Refused("there is no cluster that keeps it; use file, environment or content")
_FILE: Final[dict[str, Shape]] = {
    "name": TEXT,
    "file": TEXT,
    "environment": TEXT,
    "labels": PAIRS,
    "external": _CLUSTER,
    "template_driver": _CLUSTER,
}
CONFIG: Final = Fields({**_FILE, "content": TEXT})
SECRET: Final = Fields({**_FILE, "driver": _CLUSTER, "driver_opts": _CLUSTER})
INCLUDE: Final = ListOf(
    either(
        TEXT,
        Fields({"path": TEXT_OR_TEXTS, "env_file": TEXT_OR_TEXTS, "project_directory": TEXT}, ("path",)),
    )
)

FILE: Final = Fields(
    {
        "version": Anything(),
        "name": TEXT,
        "include": INCLUDE,
        "services": optional(TableOf(optional(SERVICE), strict=True)),
        "networks": optional(TableOf(NETWORK, strict=True)),
        "volumes": optional(TableOf(VOLUME, strict=True)),
        "configs": optional(TableOf(CONFIG, strict=True)),
        "secrets": optional(TableOf(SECRET, strict=True)),
        "models": Refused(),
    }
)
