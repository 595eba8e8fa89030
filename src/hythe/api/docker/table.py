"""All routes, in the order in which they are tried."""

from __future__ import annotations

from typing import Final

from hythe.api.docker import (
    routes_absent,
    routes_archive,
    routes_build,
    routes_containers,
    routes_exec,
    routes_images,
    routes_images_transfer,
    routes_inspect,
    routes_networks,
    routes_registry,
    routes_streams,
    routes_system,
    routes_usage,
    routes_volumes,
)
from hythe.api.docker.routing import Route

ROUTES: Final[tuple[Route, ...]] = (
    *routes_system.ROUTES,
    *routes_usage.ROUTES,
    *routes_inspect.ROUTES,
    *routes_streams.ROUTES,
    *routes_archive.ROUTES,
    *routes_exec.ROUTES,
    *routes_containers.ROUTES,
    *routes_build.ROUTES,
    *routes_images_transfer.ROUTES,
    *routes_registry.ROUTES,
    *routes_absent.ROUTES,
    *routes_images.ROUTES,
    *routes_networks.ROUTES,
    *routes_volumes.ROUTES,
)
