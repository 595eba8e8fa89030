"""Which image of an index fits a platform."""

from __future__ import annotations

import pytest

from hythe.oci.manifest import Descriptor, Platform
from hythe.oci.platform import choose, parse


def descriptors(*platforms: str) -> list[Descriptor]:
    """One for each "os/architecture/variant"; its digest is that text."""
    found = []
    for text in platforms:
        system, architecture, variant, *_ = [*text.split("/"), "", ""]
        found.append(Descriptor("m", text, 1, platform=Platform(architecture, system, variant)))
    return found


@pytest.mark.parametrize(
    ("wanted", "offered", "chosen"),
    [
        ("linux/amd64", ["windows/amd64", "linux/386", "linux/amd64"], "linux/amd64"),
        ("linux/amd64", ["linux/amd64/v3", "linux/amd64"], "linux/amd64"),
        ("linux/amd64", ["linux/amd64/v3"], None),
        ("linux/amd64/v3", ["linux/amd64", "linux/amd64/v2", "linux/amd64/v4"], "linux/amd64/v2"),
        ("linux/arm64", ["linux/arm64/v8"], "linux/arm64/v8"),
        ("linux/arm64/v8", ["linux/arm64"], "linux/arm64"),
        ("linux/arm/v7", ["linux/arm/v5", "linux/arm/v6"], "linux/arm/v6"),
        ("linux/arm/v6", ["linux/arm/v7"], None),
        ("linux/amd64", [], None),
        ("linux/amd64", ["linux/amd64", "linux/amd64"], "linux/amd64"),
    ],
)
def test_choosing(wanted: str, offered: list[str], chosen: str | None) -> None:
    found = choose(descriptors(*offered), parse(wanted))
    assert (found.digest if found else None) == chosen


def test_what_does_not_say_its_platform_is_not_chosen() -> None:
    assert choose([Descriptor("m", "d", 1)], parse("linux/amd64")) is None
