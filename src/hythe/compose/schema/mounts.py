"""Ports, volumes and devices of a service, in their short and long forms."""

from __future__ import annotations

from typing import Final

from hythe.compose.schema.parts import PAIRS, TEXT
from hythe.compose.schema.shapes import Anything, Fields, Flag, ListOf, Number, Refused, Size, Word, either

PORTS: Final = ListOf(
    either(
        Anything(null=False),
        Fields(
            {
                "target": Number(low=1, high=65535),
                "published": Anything(null=False),
                "host_ip": TEXT,
                "protocol": Word(("tcp", "udp", "sctp")),
                "mode": Word(("host", "ingress")),
                "name": TEXT,
                "app_protocol": TEXT,
            },
            ("target",),
        ),
    )
)

VOLUMES: Final = ListOf(
    either(
        TEXT,
        Fields(
            {
                "type": Word(("bind", "volume", "tmpfs"), refused=("cluster", "npipe", "image")),
                "source": TEXT,
                "target": TEXT,
                "read_only": Flag(),
                "consistency": Word(("consistent", "cached", "delegated", "default")),
                "bind": Fields(
                    {
                        "propagation": Word(("rprivate", "private", "rshared", "shared", "rslave", "slave")),
                        "create_host_path": Flag(),
                        "selinux": Refused(),
                        "recursive": Refused(),
                    }
                ),
                "volume": Fields({"nocopy": Flag(), "subpath": TEXT, "labels": PAIRS}),
                "tmpfs": Fields({"size": Size(), "mode": Anything(null=False)}),
                "image": Refused(),
            },
            ("type", "target"),
        ),
    )
)

DEVICES: Final = ListOf(
    either(TEXT, Fields({"source": TEXT, "target": TEXT, "permissions": TEXT}, ("source",)))
)
