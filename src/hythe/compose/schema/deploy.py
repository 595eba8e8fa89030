"""The `deploy` section of a service. Source: Compose Deploy Specification."""

from __future__ import annotations

from typing import Final

from hythe.compose.schema.parts import optional
from hythe.compose.schema.shapes import Fields, Number, Refused, Size, Word

_LIMITS: Final = Fields({"cpus": Number(real=True, low=0), "memory": Size(), "pids": Number()})
_RESERVATIONS: Final = Fields(
    {
        "memory": Size(),
        "cpus": Refused("limits.cpus is the most that it gets; cpu_shares its share under load"),
        "devices": Refused(),
        "generic_resources": Refused(),
    }
)
_RESTART: Final = Fields(
    {
        "condition": Word(("none", "on-failure", "any")),
        "max_attempts": Number(low=0),
        "delay": Refused("leave it out: the engine waits longer after each failure"),
        "window": Refused(),
    }
)
_UPDATE: Final = "containers that changed are replaced all at once"

DEPLOY: Final = optional(
    Fields(
        {
            "mode": Word(("replicated",), refused=("global", "replicated-job", "global-job")),
            "replicas": Number(low=0),
            "resources": Fields({"limits": _LIMITS, "reservations": _RESERVATIONS}),
            "restart_policy": _RESTART,
            "endpoint_mode": Word(("dnsrr",), refused=("vip",)),
            "labels": Refused("they are for services of a cluster; containers have the service's own labels"),
            "placement": Refused("there is one machine"),
            "update_config": Refused(_UPDATE),
            "rollback_config": Refused(_UPDATE),
        }
    )
)

SCALE: Final = Number(low=0)
