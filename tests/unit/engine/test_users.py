"""Who a process runs as, by the container's own files."""

from __future__ import annotations

import pytest

from hythe.engine.users import ResolvedUser, resolve
from hythe.errors import InvalidArgument

PASSWD = (
    "root:x:0:0:root:/root:/bin/sh\nweb:x:33:33:web:/var/www:/bin/false\nbroken line\n123:x:7:8::/n:/bin/sh\n"
)
GROUP = "root:x:0:\nweb:x:33:\nwheel:x:10:root,web\nadm:x:4:web\n"


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("", ResolvedUser(0, 0, [10], "/root")),
        ("web", ResolvedUser(33, 33, [4, 10], "/var/www")),
        ("33", ResolvedUser(33, 33, [4, 10], "/var/www")),
        ("web:adm", ResolvedUser(33, 4, [], "/var/www")),
        ("web:1000", ResolvedUser(33, 1000, [], "/var/www")),
        ("4242", ResolvedUser(4242, 0, [], "/")),
        ("4242:4243", ResolvedUser(4242, 4243, [], "/")),
        ("123", ResolvedUser(7, 8, [], "/n")),
    ],
)
def test_names_and_numbers(user: str, expected: ResolvedUser) -> None:
    assert resolve(user, PASSWD, GROUP) == expected


def test_additional_groups() -> None:
    assert resolve("4242", PASSWD, GROUP, ["wheel", "99"]).groups == [10, 99]


@pytest.mark.parametrize("user", ["nobody", "web:nogroup", "4294967296", "2147483648:1", "0:4294967296"])
def test_what_does_not_exist_or_is_out_of_range_is_never_root(user: str) -> None:
    with pytest.raises(InvalidArgument):
        resolve(user, PASSWD, GROUP)


def test_without_files_root_is_root() -> None:
    assert resolve("", "", "") == ResolvedUser(0, 0, [], "/root")
