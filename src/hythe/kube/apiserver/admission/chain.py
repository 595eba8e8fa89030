"""Admission: plugins that may change an object (`admit`), then plugins that may only refuse it (`validate`).

A plugin looks at a `Review`: what is done to which object by whom. It changes `obj` in place, or raises ApiError. What
it takes outside of the object (an address, a port) it registers in `undo`, which is run if the write fails later; what
it holds until the write is done, either way, in `settled`.

Source: Kubernetes, "Admission Control".
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from hythe.kube.apiserver.definitions import Definition
from hythe.kube.apiserver.identity import User
from hythe.kube.objects.types import Object


@dataclass(slots=True)
class Review:
    """One write. `obj` is what will be stored (of a delete: what is there), `old` what is there, None of a create.

    `operation` is CREATE, UPDATE or DELETE.
    """

    operation: str
    definition: Definition
    subresource: str
    namespace: str
    name: str
    obj: Object
    old: Object | None
    user: User
    dry_run: bool
    warnings: list[str]
    undo: AsyncExitStack = field(default_factory=AsyncExitStack)
    settled: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def resource(self) -> str:
        """Qualified, `deployments.apps`, with the subresource if there is one: `pods/status`."""
        base = self.definition.qualified
        return f"{base}/{self.subresource}" if self.subresource else base


class Plugin:
    """Does nothing; each plugin does some of it."""

    async def start(self) -> None:
        """Before the first review. Raises what the store raises."""

    async def stop(self) -> None:
        """After the last one."""

    async def admit(self, review: Review) -> None:
        """May change `review.obj`."""

    async def validate(self, review: Review) -> None:
        """May raise ApiError."""

    async def stored(self, definition: Definition, old: Object | None, new: Object | None) -> None:
        """An object was made (`old` None), changed, or is gone (`new` None): give back what only the old one held."""


class Chain:
    """The plugins, in order."""

    def __init__(self, plugins: Sequence[Plugin] = ()) -> None:
        self.plugins = list(plugins)

    async def start(self) -> None:
        for plugin in self.plugins:
            await plugin.start()

    async def stop(self) -> None:
        for plugin in self.plugins:
            await plugin.stop()

    async def admit(self, review: Review) -> None:
        for plugin in self.plugins:
            await plugin.admit(review)

    async def validate(self, review: Review) -> None:
        for plugin in self.plugins:
            await plugin.validate(review)
