from __future__ import annotations

import pytest

from hythe.client.config.mounts import parse_mount, parse_tmpfs, parse_volume
from hythe.errors import InvalidArgument, Unsupported


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/data", ("anonymous", "/data")),
        ("name:/data", ("volume", "name:/data")),
        ("name:/data:ro", ("volume", "name:/data:ro")),
        ("/a:/b", ("bind", "/a:/b")),
        ("./a:/b:ro,z", ("bind", "/base/a:/b:ro,z")),
        ("../a:/b", ("bind", "/a:/b")),
        (".:/b", ("bind", "/base:/b")),
    ],
)
def test_short_form(text: str, expected: tuple[str, str]) -> None:
    assert parse_volume(text, base="/base") == expected


@pytest.mark.parametrize("text", ["a", "a:b", "/a:/b:bogus", ":/b", "a/b:/c", "/a:/", "x:/y:ro:z"])
def test_short_form_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_volume(text)


def test_long_form() -> None:
    assert parse_mount("type=bind,src=/a,dst=/b,readonly,bind-propagation=rslave") == {
        "Type": "bind", "Source": "/a", "Target": "/b", "ReadOnly": True,
        "BindOptions": {"Propagation": "rslave"},
    }  # fmt: skip
    assert parse_mount(
        'source=v,target=/b,volume-opt=type=tmpfs,"volume-opt=o=size=1m,uid=1",volume-nocopy'
    ) == {
        "Type": "volume", "Source": "v", "Target": "/b",
        "VolumeOptions": {
            "DriverConfig": {"Options": {"type": "tmpfs", "o": "size=1m,uid=1"}}, "NoCopy": True,
        },
    }  # fmt: skip
    assert parse_mount("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1777")["TmpfsOptions"] == {
        "SizeBytes": 1048576, "Mode": 0o1777,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["type=bind,target=/a", "type=x,target=/a", "target=a", "bogus=1,target=/a", "type=tmpfs,src=a,dst=/b"],
)
def test_long_form_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_mount(text)


def test_types_out_of_reach_are_refused_by_name() -> None:
    with pytest.raises(Unsupported, match="npipe"):
        parse_mount("type=npipe,src=x,dst=/y")


def test_tmpfs() -> None:
    assert parse_tmpfs("/run:size=64m,mode=1777") == ("/run", "size=64m,mode=1777")
    assert parse_tmpfs("/run") == ("/run", "")
