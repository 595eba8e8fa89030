"""The parts that every request needs, made once and handed to all: what this server consists of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from hythe.kube.apiserver.admission.chain import Chain
from hythe.kube.apiserver.auth.cluster import ClusterAuth
from hythe.kube.apiserver.config import Config
from hythe.kube.apiserver.definitions import Definition, Definitions
from hythe.kube.apiserver.identity import Authorizer
from hythe.kube.apiserver.kinds import Kinds
from hythe.kube.apiserver.kubelets import Kubelets
from hythe.kube.apiserver.lines import Lines
from hythe.kube.apiserver.managers import Managers
from hythe.kube.apiserver.metrics import Metrics
from hythe.kube.apiserver.records import Records
from hythe.kube.objects.types import Object


class Clock(Protocol):
    """The time of day."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's own."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    """As metadata has it: RFC 3339, whole seconds, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class Machine:
    """One server's parts."""

    config: Config
    definitions: Definitions
    records: Records
    kinds: Kinds
    admission: Chain
    auth: ClusterAuth
    kubelets: Kubelets
    managers: Managers
    clock: Clock
    lines: Lines = field(default_factory=Lines)
    metrics: Metrics = field(default_factory=Metrics)

    @property
    def authorizer(self) -> Authorizer:
        return self.auth.authorizer

    async def stored(self, definition: Definition, old: Object | None, new: Object | None) -> None:
        """Tell the plugins that an object was made (`old` None), changed, or is gone (`new` None)."""
        for plugin in self.admission.plugins:
            await plugin.stored(definition, old, new)

    def timestamp(self) -> str:
        return timestamp(self.clock.now())
