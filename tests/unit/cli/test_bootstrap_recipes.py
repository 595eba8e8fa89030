"""What images are made of: catalogue and files, the busybox archive, mirrors, mmdebstrap's command."""

from __future__ import annotations

import io
import shlex
import struct
import tarfile
from pathlib import Path

import pytest

from hythe.cli import bootstrap_busybox, bootstrap_catalogue, bootstrap_debian, bootstrap_mirror
from hythe.cli.bootstrap_child import run
from hythe.cli.bootstrap_mirror import Mirror
from hythe.errors import NotFound, SystemProblem, Unavailable


@pytest.mark.parametrize("name", ["nginx", "nginx:latest", "docker.io/library/nginx:1.22", "library/nginx"])
def test_names_are_found_in_every_form(name: str) -> None:
    assert bootstrap_catalogue.find(name).name == "nginx:latest"


def test_a_tag_that_would_promise_more_is_not_there() -> None:
    with pytest.raises(NotFound):
        bootstrap_catalogue.find("postgres:latest")


def test_every_recipe_has_its_files_and_its_base() -> None:
    for recipe in bootstrap_catalogue.RECIPES:
        if recipe.kind == "dockerfile":
            text = (bootstrap_catalogue.folder(recipe.source) / "Dockerfile").read_text()
            assert f"\nFROM {recipe.base}\n" in text
    names = [name for recipe in bootstrap_catalogue.RECIPES for name in recipe.names]
    assert len(names) == len(set(names))


def test_a_shared_base_comes_once_and_first() -> None:
    wanted = [bootstrap_catalogue.find(name) for name in ("redis:7", "debian:bookworm-slim", "redis:7")]
    assert [each.name for each in bootstrap_catalogue.order(wanted)] == ["debian:bookworm-slim", "redis:7"]


def test_busybox_is_in_the_archive_once_under_all_names() -> None:
    data = bootstrap_busybox.archive(b"program", ["ls", "sh"], 1234)
    assert data == bootstrap_busybox.archive(b"program", ["ls", "sh"], 1234)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        entries = {entry.name: entry for entry in tar}
    assert [entries[f"bin/{name}"].linkname for name in ("ls", "sh")] == ["bin/busybox"] * 2
    assert entries["bin/busybox"].size == 7 and entries["bin/busybox"].mode == 0o755
    assert entries["tmp"].mode == 0o1777 and entries["etc/passwd"].size > 0
    assert {entry.mtime for entry in entries.values()} == {1234}


def test_source_date_epoch_bounds_the_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000")
    with tarfile.open(fileobj=io.BytesIO(bootstrap_busybox.archive(b"", [], 5000))) as tar:
        assert {entry.mtime for entry in tar} == {1000}


def elf(*kinds: int) -> bytes:
    """The head of a 64-bit ELF file with program headers of these types."""
    head = b"\x7fELF\x02\x01".ljust(32, b"\0") + struct.pack("<Q", 64)
    head = head.ljust(54, b"\0") + struct.pack("<HH", 56, len(kinds))
    return head.ljust(64, b"\0") + b"".join(struct.pack("<I", kind).ljust(56, b"\0") for kind in kinds)


def test_a_program_with_an_interpreter_is_not_static() -> None:
    assert bootstrap_busybox.is_static(elf(1, 2))
    assert not bootstrap_busybox.is_static(elf(1, 3))
    assert not bootstrap_busybox.is_static(b"#!/bin/sh\n")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("sources.list", "# old\ndeb [signed-by=/k] http://near/debian bookworm main contrib # here\n"),
        (
            "sources.list.d/near.list",
            "deb-src http://far/debian bookworm main\ndeb http://near/debian/ bookworm main",
        ),
        (
            "sources.list.d/a.sources",
            "Types: deb\nURIs: http://near/debian\nSuites: bookworm\n bookworm-updates\nComponents: main\n",
        ),
    ],
)
def test_the_hosts_own_mirror_is_used(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / file).write_text(text)
    assert bootstrap_mirror.of_host("bookworm", tmp_path) == Mirror(
        "http://near/debian", "http://near/debian-security"
    )


def test_entries_for_something_else_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    stanzas = "Enabled: no\nTypes: deb\nURIs: http://off/debian\nSuites: bookworm\nComponents: main\n\n"
    stanzas += "Types: deb-src\nURIs: http://src/debian\nSuites: bookworm\nComponents: main\n"
    (tmp_path / "sources.list.d/a.sources").write_text(stanzas)
    (tmp_path / "sources.list").write_text(
        "deb http://ubuntu/ubuntu jammy main\ndeb http://tool bookworm stable\n"
    )
    assert bootstrap_mirror.of_host("bookworm", tmp_path).archive == bootstrap_mirror.DEFAULT


def test_a_security_archive_of_its_own(tmp_path: Path) -> None:
    lines = "deb http://near/debian bookworm main\ndeb http://safe/sec bookworm-security main\n"
    (tmp_path / "sources.list").write_text(lines)
    mirror = bootstrap_mirror.of_host("bookworm", tmp_path)
    assert "deb http://safe/sec bookworm-security main\n" in mirror.sources("bookworm")


def test_no_security_archive_on_request() -> None:
    assert "security" not in bootstrap_mirror.named("http://near/debian/", "").sources("bookworm")


def test_the_command_survives_spaces_in_paths() -> None:
    request = bootstrap_debian.Request(
        "bookworm", Mirror("http://m/debian", ""), Path("/a b/debian"), Path("/c"), Path("/certs")
    )
    command = bootstrap_debian.mmdebstrap(
        request, Path("/s"), Path("/signed"), Path("/c d"), Path("/out.tar")
    )
    hook = next(word for word in command if word.startswith("--customize-hook=")).partition("=")[2]
    expected = ["sh", "/a b/debian/finish.sh", "$1", "/a b/debian/root", "/s", "/certs", "/c d"]
    assert shlex.split(hook) == expected
    assert command[-3:] == ["bookworm", "/out.tar", "/signed"]


def test_without_certificates_the_place_of_the_argument_is_kept() -> None:
    request = bootstrap_debian.Request("bookworm", Mirror("http://m", ""), Path("/f"), Path("/c"), None)
    command = bootstrap_debian.mmdebstrap(request, Path("/s"), Path("/g"), Path("/p"), Path("/o"))
    hook = next(word for word in command if word.startswith("--customize-hook="))
    assert shlex.split(hook)[-2:] == ["", "/p"]


def test_apt_inside_can_speak_https_where_the_mirror_does() -> None:
    for url, included in (("https://m/debian", True), ("http://m/debian", False)):
        request = bootstrap_debian.Request("bookworm", Mirror(url, ""), Path("/f"), Path("/c"), None)
        command = bootstrap_debian.mmdebstrap(request, Path("/s"), Path("/g"), Path("/p"), Path("/o"))
        assert ("--include=ca-certificates" in command) == included


def test_certificates_of_the_host(tmp_path: Path) -> None:
    assert bootstrap_debian.host_certificates(tmp_path) is None
    (tmp_path / "proxy.crt").touch()
    assert bootstrap_debian.host_certificates(tmp_path) == tmp_path


def test_a_failing_tool_is_quoted() -> None:
    with pytest.raises(SystemProblem, match=r"(?s)cannot try: sh ended with 3.*bad news") as caught:
        run(["sh", "-c", "echo bad news; exit 3"], "try", hint="do this")
    assert caught.value.hint == "do this"


def test_a_missing_tool_is_named() -> None:
    with pytest.raises(Unavailable, match="no hythe-no-such-tool"):
        run(["hythe-no-such-tool"], "try")
