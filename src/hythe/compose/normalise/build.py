"""The build section of a service."""

from __future__ import annotations

from collections.abc import Mapping

from hythe.compose.document import Table, Value
from hythe.compose.model import Build, Ulimit, Watch
from hythe.compose.normalise import scalars
from hythe.compose.normalise.connections import extra_hosts
from hythe.compose.normalise.storage import absolute

REMOTE = ("http://", "https://", "git://", "git@", "ssh://", "github.com/")


def build(value: Value | None, folder: str, variables: Mapping[str, str]) -> Build | None:
    """The context becomes absolute; an argument without a value is taken from the project's variables."""
    if value is None:
        return None
    if not isinstance(value, Table):
        return Build(context=_context(value, scalars.name(value), folder))
    get = value.get
    if get("dockerfile") is not None and get("dockerfile_inline") is not None:
        raise value.where("dockerfile_inline").problem("dockerfile and dockerfile_inline exclude each other")
    arguments = {
        key: text if text is not None else variables.get(key)
        for key, text in scalars.pairs(get("args")).items()
    }
    return Build(
        context=_context(value, scalars.word(get("context")) or ".", folder),
        dockerfile=scalars.word(get("dockerfile")) or "Dockerfile",
        dockerfile_inline=scalars.word(get("dockerfile_inline")),
        args=arguments,
        target=scalars.word(get("target")),
        labels=scalars.settings(get("labels")),
        tags=scalars.texts(get("tags")),
        network=scalars.word(get("network")),
        extra_hosts=extra_hosts(get("extra_hosts")),
        no_cache=scalars.flag(get("no_cache")) or False,
        pull=scalars.flag(get("pull")) or False,
        shm_size=scalars.size(get("shm_size")),
        ulimits=ulimits(get("ulimits")),
        cache_from=scalars.texts(get("cache_from")),
        platforms=_platforms(get("platforms")),
    )


def ulimits(value: Value | None) -> dict[str, Ulimit]:
    """A single number is both limits."""
    result = {}
    for key, item in scalars.table(value).entries.items():
        if isinstance(item, Table):
            soft, hard = scalars.whole(item.get("soft")), scalars.whole(item.get("hard"))
        else:
            soft = hard = scalars.whole(item)
        result[key] = Ulimit(soft=soft or 0, hard=hard or 0)
    return result


def watches(value: Value | None, folder: str) -> tuple[Watch, ...]:
    """The entries of `develop.watch`."""
    found = []
    for item in scalars.items(scalars.table(value).get("watch")):
        table = scalars.table(item)
        found.append(
            Watch(
                path=absolute(scalars.name(table.get("path")), folder),
                action=scalars.name(table.get("action")),
                target=scalars.name(table.get("target")),
                ignore=scalars.texts(table.get("ignore")),
                include=scalars.texts(table.get("include")),
            )
        )
    return tuple(found)


def _context(value: Value, text: str, folder: str) -> str:
    if text.startswith(REMOTE):
        raise value.place.unsupported(
            f"building from {text} is not supported", "clone or fetch it, and name the directory"
        )
    return absolute(text, folder)


def _platforms(value: Value | None) -> tuple[str, ...]:
    platforms = scalars.texts(value)
    if value is not None and len(platforms) > 1:
        raise value.place.unsupported("building for several platforms at once is not supported")
    return platforms
