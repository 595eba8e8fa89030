"""Names that the daemon knows. Where none answers at once there are none: no key press starts a daemon or fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from hythe.errors import HytheError

if TYPE_CHECKING:
    from hythe.client import Client

_SECONDS: Final = 2.0
_RUNNING: Final = ("running",)
_STATES: Final = {
    "start": ("created", "exited"), "unpause": ("paused",),
    **dict.fromkeys(
        ("stop", "kill", "pause", "exec", "attach", "top", "stats", "port"), ("running", "paused", "restarting")
    ),
}  # fmt: skip

Names = list[tuple[str, str]]


def known(kind: str, choice: dict[str, Any], verb: str) -> Names:
    """Of a metavar such as "CONTAINER" or "NETWORK"; "OBJECT" is whatever can be inspected."""
    if kind.startswith("CONTAINER"):
        return containers(choice, verb)
    if kind.startswith("IMAGE"):
        return images(choice)
    if kind.startswith("NETWORK"):
        return networks(choice)
    if kind.startswith("VOLUME"):
        return volumes(choice)
    if kind.startswith("CONTEXT"):
        return contexts(choice)
    if kind == "OBJECT":
        return [*containers(choice, ""), *images(choice), *networks(choice), *volumes(choice)]
    return []


def containers(choice: dict[str, Any], verb: str) -> Names:
    """Those that `verb` has something to do with."""
    states = _STATES.get(verb)

    def listed(client: Client) -> Names:
        found = client.containers.list(True, {"status": states} if states else None)
        return [
            (one["Names"][0].lstrip("/"), f"{one['Image']}, {one['Status']}") for one in found if one["Names"]
        ]

    return _asked(choice, listed)


def images(choice: dict[str, Any]) -> Names:
    def listed(client: Client) -> Names:
        tags = [
            (tag, image["Id"][7:19]) for image in client.images.list() for tag in image.get("RepoTags") or []
        ]
        return sorted(
            (tag.removesuffix(":latest"), about) for tag, about in tags if not tag.startswith("<none>")
        )

    return _asked(choice, listed)


def networks(choice: dict[str, Any]) -> Names:
    return _asked(
        choice, lambda client: sorted((one["Name"], one["Driver"]) for one in client.networks.list())
    )


def volumes(choice: dict[str, Any]) -> Names:
    return _asked(
        choice, lambda client: sorted((one["Name"], one["Driver"]) for one in client.volumes.list())
    )


def contexts(choice: dict[str, Any]) -> Names:
    from hythe.client import configuration
    from hythe.client.context_store import ContextStore

    try:
        found = ContextStore(configuration.folder(choice.get("config"))).all()
    except HytheError:
        return []
    return [("default", "where nothing else is chosen"), *((one.name, one.description) for one in found)]


def _asked(choice: dict[str, Any], question: Callable[[Client], Names]) -> Names:
    from hythe.client import Client
    from hythe.client.address import Choice

    try:
        with Client(Choice(**choice), _SECONDS) as client:
            return question(client)
    except (HytheError, OSError):
        return []
