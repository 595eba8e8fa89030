"""`hythe image bootstrap` against an engine that only remembers what it was asked."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import pytest

from hythe.cli import bootstrap, bootstrap_busybox, bootstrap_debian
from hythe.cli.session import Session
from hythe.errors import HytheError, InvalidArgument, NotFound, SystemProblem


class Images:
    """Remembers calls; `failure` is raised in the middle of a build."""

    def __init__(self, *present: str) -> None:
        self.present = set(present)
        self.calls: list[tuple[str, str]] = []
        self.options: Mapping[str, object] = {}
        self.context = b""
        self.failure: HytheError | None = None

    def exists(self, ref: str) -> bool:
        return ref in self.present

    def tag(self, ref: str, name: str) -> None:
        self.calls.append(("tag", name))

    def build(self, context: bytes, options: Mapping[str, object]) -> Iterable[dict[str, Any]]:
        self.context, self.options = context, options
        yield {"stream": "Step 1/1 : FROM debian:bookworm-slim"}
        yield {"stream": "\nE: no such "}
        yield {"stream": "package\n"}
        if self.failure:
            raise self.failure
        self.calls.append(("build", str(options["t"])))

    def import_(
        self,
        archive: bytes | IO[bytes],
        name: str = "",
        *,
        message: str | None = None,
        changes: Sequence[str] = (),
    ) -> Iterable[dict[str, Any]]:
        assert changes
        assert not isinstance(archive, bytes)
        self.context = archive.read()
        self.calls.append(("import", name))
        return [{"status": "sha256:0"}]


class Engine:
    def __init__(self, *present: str) -> None:
        self.images = Images(*present)


class EngineSession(Session):
    """Connected to `engine`, whatever is asked."""

    def __init__(self, engine: Engine | None) -> None:
        super().__init__()
        self._engine = engine

    @property
    def client(self) -> Any:
        assert self._engine is not None, "no engine is needed for this"
        return self._engine


def run(engine: Engine | None, *argv: str) -> int:
    return bootstrap.bootstrap(EngineSession(engine), list(argv))


@pytest.fixture(autouse=True)
def no_child_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(request: bootstrap_debian.Request, target: Path) -> None:
        target.write_bytes(f"tar of {request.suite}".encode())

    monkeypatch.setattr(bootstrap_debian, "make", make)
    monkeypatch.setattr(bootstrap_debian, "tool", lambda: "mmdebstrap")
    monkeypatch.setattr(bootstrap_busybox, "program", lambda: (b"\x7fELF", 1000))
    monkeypatch.setattr(bootstrap_busybox, "tools", lambda content: ["ls", "sh"])


def test_what_an_image_is_from_is_made_before_it() -> None:
    engine = Engine()
    assert run(engine, "--quiet", "redis:7", "nginx") == 0
    assert engine.images.calls == [
        ("import", "debian:bookworm-slim"), ("tag", "debian:12-slim"),
        ("build", "['redis:7']"), ("tag", "redis:7.0"),
        ("build", "['nginx:latest']"), ("tag", "nginx:1.22"),
    ]  # fmt: skip


def test_what_is_there_is_not_made_again(capsys: pytest.CaptureFixture[str]) -> None:
    engine = Engine("debian:bookworm-slim", "redis:7")
    assert run(engine, "redis:7") == 0
    assert engine.images.calls == []
    assert "redis:7: is here already" in capsys.readouterr().err


def test_refresh_makes_what_is_named_and_leaves_its_base() -> None:
    engine = Engine("debian:bookworm-slim", "redis:7")
    assert run(engine, "-q", "--refresh", "redis:7") == 0
    assert [call for call, _ in engine.images.calls] == ["build", "tag"]


def test_an_unknown_name_stops_before_anything_is_made() -> None:
    engine = Engine()
    with pytest.raises(NotFound, match="postgres:16") as caught:
        run(engine, "busybox", "postgres:16")
    assert caught.value.hint is not None and "postgres:15" in caught.value.hint
    assert engine.images.calls == []


def test_no_name_is_refused() -> None:
    with pytest.raises(InvalidArgument):
        run(None)


def test_list_names_every_image(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(None, "--list") == 0
    out = capsys.readouterr().out
    assert "busybox:latest" in out and "postgres:15" in out


def test_a_failed_build_shows_the_end_of_its_output() -> None:
    engine = Engine("debian:bookworm-slim")
    engine.images.failure = SystemProblem("step 1 returned 100")
    with pytest.raises(SystemProblem, match=r"(?s)cannot build redis:7: step 1.*E: no such package"):
        run(engine, "-q", "redis:7")


def test_network_and_proxies_reach_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    engine = Engine("debian:bookworm-slim")
    run(engine, "-q", "--network", "host", "redis:7")
    assert engine.images.options["networkmode"] == "host"
    arguments = engine.images.options["buildargs"]
    assert isinstance(arguments, dict) and arguments["https_proxy"] == "http://proxy:3128"


def test_a_context_does_not_depend_on_owner_time_or_lost_modes(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "start.sh").write_text("#!/bin/sh\n")
    (tmp_path / "below" / "start.sh").chmod(0o600)
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    with tarfile.open(fileobj=io.BytesIO(bootstrap.pack(tmp_path))) as tar:
        found = {entry.name: (entry.mode, entry.uid, entry.mtime) for entry in tar}
    assert found == {
        "Dockerfile": (0o644, 0, 0), "below": (0o755, 0, 0), "below/start.sh": (0o755, 0, 0),
    }  # fmt: skip
