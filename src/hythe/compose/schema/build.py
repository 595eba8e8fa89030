"""The `build` and `develop` sections of a service. Source: Compose Build and Develop Specifications."""

from __future__ import annotations

from typing import Final

from hythe.compose.schema.parts import (
    COMMAND,
    EXTRA_HOSTS,
    PAIRS,
    TEXT,
    TEXT_OR_TEXTS,
    TEXTS,
    ULIMITS,
    optional,
)
from hythe.compose.schema.shapes import Fields, Flag, ListOf, Refused, Size, Word, either

BUILD: Final = either(
    TEXT,
    Fields(
        {
            "context": TEXT,
            "dockerfile": TEXT,
            "dockerfile_inline": TEXT,
            "args": PAIRS,
            "target": TEXT,
            "labels": PAIRS,
            "tags": TEXTS,
            "network": TEXT,
            "extra_hosts": EXTRA_HOSTS,
            "no_cache": Flag(),
            "pull": Flag(),
            "shm_size": Size(),
            "ulimits": ULIMITS,
            "cache_from": ListOf(TEXT),
            "platforms": ListOf(TEXT),
            "additional_contexts": Refused("copy from another stage or image with COPY --from"),
            "cache_to": Refused("the build cache is kept by the engine"),
            "entitlements": Refused(),
            "isolation": Refused("it is for Windows containers"),
            "privileged": Refused(),
            "provenance": Refused(),
            "sbom": Refused(),
            "secrets": Refused("pass what is not secret by args"),
            "ssh": Refused(),
        }
    ),
)

_HOOK: Final = Fields(
    {"command": COMMAND, "user": TEXT, "privileged": Flag(), "working_dir": TEXT, "environment": PAIRS},
    ("command",),
)

DEVELOP: Final = optional(
    Fields(
        {
            "watch": ListOf(
                Fields(
                    {
                        "path": TEXT,
                        "action": Word(("rebuild", "sync", "restart", "sync+restart", "sync+exec")),
                        "target": TEXT,
                        "ignore": TEXT_OR_TEXTS,
                        "include": TEXT_OR_TEXTS,
                        "exec": _HOOK,
                        "initial_sync": Flag(),
                    },
                    ("path", "action"),
                )
            )
        }
    )
)
