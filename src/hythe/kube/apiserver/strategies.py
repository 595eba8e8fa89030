"""What is done differently for one resource than for another: `strategies.toml`, which explains each word."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final

from hythe.kube.apiserver.definitions import CustomResource, Definition
from hythe.kube.objects.types import Object


@dataclass(frozen=True, slots=True)
class Strategy:
    """See strategies.toml; `status_keeps_metadata`: a write to .../status leaves all of the metadata as it was."""

    returns_deleted: bool = False
    spec_finalizers: bool = False
    status_keeps_labels: bool = False
    status_keeps_metadata: bool = False
    status_on_create: bool = False
    initial_status: Object = field(default_factory=dict)
    seconds: float | None = None


_PLAIN: Final = Strategy()
_CUSTOM: Final = Strategy(status_keeps_metadata=True)


def strategy_of(definition: Definition) -> Strategy:
    """Custom resources all have one strategy."""
    if isinstance(definition, CustomResource):
        return _CUSTOM
    return _table().get(definition.qualified, _PLAIN)


@cache
def _table() -> dict[str, Strategy]:
    text = files(__package__).joinpath("strategies.toml").read_text()
    return {name: Strategy(**words) for name, words in tomllib.loads(text).items()}
