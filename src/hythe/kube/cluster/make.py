"""Making a cluster's settings, or finding those of one that was made before."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from hythe.errors import NotFound
from hythe.kube.cluster import addressing
from hythe.kube.cluster.checking import check, check_together
from hythe.kube.cluster.places import RUN, settings_file
from hythe.kube.cluster.settings import Settings, changed, load, save

_LOCK: Final = ".choosing"


@contextmanager
def alone(data: Path) -> Iterator[Callable[[], None]]:
    """While a new cluster chooses ranges and a port, and until it has taken them, no other on this machine does.

    Gives a function that lets the others go on. A cluster that exists has nothing to choose, and waits for nobody.
    """
    with ExitStack() as stack:
        if not settings_file(data).exists():
            RUN.mkdir(parents=True, exist_ok=True, mode=0o711)
            lock = stack.enter_context((RUN / _LOCK).open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield stack.close


def settings_of(data: Path, wanted: dict[str, Any]) -> Settings:
    """Those of the cluster in `data`, made now if there is none, with what the flags say; None is not said."""
    wanted = check(wanted)
    try:
        settings = changed(load(data), wanted)
    except NotFound:
        settings = _new(wanted)
    check_together(settings)
    save(data, settings)
    return settings


def _new(wanted: dict[str, Any]) -> Settings:
    bind = wanted.get("bind") or "0.0.0.0"
    return Settings(
        id=addressing.new_id(),
        token=wanted.get("token") or addressing.new_token(),
        service_cidr=wanted.get("service_cidr") or addressing.free_range(addressing.SERVICES),
        cluster_cidr=wanted.get("cluster_cidr") or addressing.free_range(addressing.PODS),
        node_ip=wanted.get("node_ip") or addressing.node_address(),
        node_name=wanted.get("node_name") or addressing.node_name(),
        bind=bind,
        port=wanted.get("port") or addressing.free_port(bind),
        cri=wanted.get("cri") or "",
        datastore=wanted.get("datastore") or "",
    )
