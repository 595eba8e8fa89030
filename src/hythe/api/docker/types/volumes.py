"""Bodies of /volumes."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class VolumeCreateRequest(Struct, rename="pascal"):
    name: str = ""
    driver: str = ""
    driver_opts: dict[str, str] = {}
    labels: dict[str, str] = {}
    cluster_volume_spec: dict[str, Any] = {}
