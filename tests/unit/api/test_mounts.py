"""-v, both ways."""

from __future__ import annotations

import pytest

from hythe.api.docker.translate.mounts import binds, mounts, parse_bind, tmpfs
from hythe.api.docker.translate.volumes_from import volumes_from
from hythe.engine.model import MountRequest
from hythe.errors import InvalidArgument

from .samples import container


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("/data", MountRequest("volume", "/data")),
        ("db:/data", MountRequest("volume", "/data", "db")),
        ("db:/data:ro,nocopy", MountRequest("volume", "/data", "db", True, no_copy=True)),
        ("/src:/dst", MountRequest("bind", "/dst", "/src", create_source=True)),
        ("/src:/dst:ro,z", MountRequest("bind", "/dst", "/src", True, create_source=True)),
        ("/s:/d:rshared,Z", MountRequest("bind", "/d", "/s", propagation="rshared", create_source=True)),
    ],
)
def test_parse(text: str, request_: MountRequest) -> None:
    assert parse_bind(text) == request_


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "a:b:c:d",
        "relative/path:/x",
        "./x:/y",
        "/src:dst",
        "/src:/",
        "v:/x:rx",
        "v:/x:shared",
        "/a::ro",
    ],
)
def test_mistakes(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid volume specification"):
        parse_bind(text)


@pytest.mark.parametrize("text", ["/data", "db:/data", "db:/data:ro,nocopy", "/src:/dst:ro", "/s:/d:rshared"])
def test_what_was_asked_for_is_shown_again(text: str) -> None:
    assert binds([parse_bind(text)]) == [text]


def test_each_kind_is_shown_in_its_place() -> None:
    requests = [
        MountRequest("tmpfs", "/scratch", tmpfs_options=["size=1m"]),
        MountRequest("tmpfs", "/sized", tmpfs_size=4096),
        MountRequest("bind", "/etc", "/etc", True),
    ]
    assert binds(requests) is None
    assert tmpfs(requests) == {"/scratch": "size=1m"}
    assert [m["Target"] for m in mounts(requests)] == ["/sized", "/etc"]


def test_volumes_from_takes_what_is_not_mounted_already() -> None:
    taken = volumes_from(["gold:ro"], lambda _: container(), [MountRequest("volume", "/data")])
    assert taken == [MountRequest("bind", "/host", "/tmp", True, "rslave")]
