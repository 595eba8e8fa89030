"""Where a registry is asked, how secure that must be, and who may be shown credentials."""

from __future__ import annotations

import pytest

from hythe.errors import InvalidArgument
from hythe.registry.endpoint import candidates, origin
from hythe.registry.login import registry_of
from hythe.registry.settings import Settings
from hythe.registry.tokens import _same_site

SETTINGS = Settings(
    ("lan:5000", "open.lan", "10.0.0.0/8"), ("https://mirror.example/", "http://localhost:5001")
)


@pytest.mark.parametrize(
    ("registry", "insecure"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.1.2.3:5000", True),
        ("[::1]:5000", True),
        ("lan:5000", True),
        ("lan:5001", False),
        ("open.lan:1", True),
        ("10.1.2.3:5000", True),
        ("11.1.2.3:5000", False),
        ("[fd00::1]:5000", False),
        ("localhost.example", False),
        ("docker.io", False),
    ],
)
def test_what_may_be_insecure(registry: str, insecure: bool) -> None:
    assert SETTINGS.is_insecure(registry) is insecure
    urls = [each.url for each in candidates(registry, SETTINGS, mirrors=False)]
    assert any(url.startswith("http://") for url in urls) is insecure
    assert urls[0].startswith("https://")


def test_docker_io_has_another_name_and_mirrors() -> None:
    urls = [each.url for each in candidates("docker.io", SETTINGS, mirrors=True)]
    assert urls == ["https://mirror.example", "http://localhost:5001", "https://registry-1.docker.io"]
    assert [each.mirror for each in candidates("docker.io", SETTINGS, mirrors=True)] == [True, True, False]
    assert [each.url for each in candidates("docker.io", SETTINGS, mirrors=False)] == urls[2:]


@pytest.mark.parametrize(
    ("address", "registry"),
    [
        ("https://index.docker.io/v1/", "docker.io"),
        ("", "docker.io"),
        ("docker.io", "docker.io"),
        ("localhost:5000", "localhost:5000"),
        ("http://r.example/v2/", "r.example"),
    ],
)
def test_addresses_to_log_in_to(address: str, registry: str) -> None:
    assert registry_of(address) == registry


@pytest.mark.parametrize("address", ["https://alice@r.example", "http://[", "a b"])
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid registry address"):
        registry_of(address)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://r.example/v2/", "https://R.example:443/x?y", True),
        ("http://r.example", "http://r.example:80", True),
        ("https://r.example", "http://r.example", False),
        ("https://r.example", "https://r.example:444", False),
        ("https://r.example", "https://r.example.evil.example", False),
        ("https://r.example", "https://r.example@evil.example", False),
    ],
)
def test_origins(one: str, other: str, same: bool) -> None:
    assert (origin(one) == origin(other)) is same


@pytest.mark.parametrize(
    ("realm", "registry", "same"),
    [
        ("auth.docker.io", "registry-1.docker.io", True),
        ("r.example", "r.example", True),
        ("gitlab.example", "registry.gitlab.example", True),
        ("docker.io.evil.example", "registry-1.docker.io", False),
        ("localhost", "127.0.0.1", False),
        ("evil.0.1", "127.0.0.1", False),
        ("10.0.0.2", "10.0.0.1", False),
        ("example", "r.example", False),
    ],
)
def test_sites(realm: str, registry: str, same: bool) -> None:
    assert _same_site(realm, registry) is same
