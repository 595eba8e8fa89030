"""Images, and the messages of what moves and makes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from hythe.client.values.reading import Json, below, moment, strings, texts


@dataclass(frozen=True, slots=True)
class Image:
    """`tags` are whole names, "redis:7"; `digests` "name@sha256:...". `size` in bytes."""

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    created: datetime | None
    size: int
    labels: dict[str, str]
    raw: Json = field(repr=False, compare=False)

    @classmethod
    def read(cls, value: Json) -> Image:
        """From ImageInspect's answer, or one of ImageList's."""
        created = value.get("Created")
        return cls(
            value["Id"],
            texts(tag for tag in value.get("RepoTags") or () if tag != "<none>:<none>"),
            texts(value.get("RepoDigests")),
            datetime.fromtimestamp(created, UTC) if isinstance(created, int) else moment(created),
            value.get("Size", 0),
            strings(value.get("Labels") or below(value, "Config", "Labels")),
            value,
        )


@dataclass(frozen=True, slots=True)
class Layer:
    """A line of an image's history, newest first."""

    created_by: str
    created: datetime
    size: int
    comment: str

    @classmethod
    def read(cls, value: Json) -> Layer:
        created = datetime.fromtimestamp(value.get("Created", 0), UTC)
        return cls(value.get("CreatedBy", ""), created, value.get("Size", 0), value.get("Comment", ""))


@dataclass(frozen=True, slots=True)
class Progress:
    """A message of a build, pull, push or load: `text` for a person, `id` the layer it is about."""

    text: str
    id: str
    raw: Json = field(repr=False, compare=False)

    @classmethod
    def read(cls, value: Json) -> Progress:
        text = value.get("stream") or value.get("status") or ""
        return cls(str(text), str(value.get("id") or below(value, "aux", "ID") or ""), value)


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a prune removed, and the bytes that gave back."""

    removed: tuple[str, ...]
    reclaimed: int

    @classmethod
    def read(cls, value: Json, key: str) -> Pruned:
        entries = value.get(key) or ()
        names = (
            each if isinstance(each, str) else each.get("Deleted") or each.get("Untagged") for each in entries
        )
        return cls(texts(names), value.get("SpaceReclaimed") or 0)
