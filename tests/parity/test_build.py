"""Dockerfiles through `docker build` (the classic builder's API): steps, cache, mistakes, network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.parity.serving import address, serve
from tests.targets import Result, Target

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

Build = Callable[..., Result]

METADATA = """FROM busybox
ENV A=1
LABEL kind=test
WORKDIR /work
VOLUME /data
EXPOSE 80 53/udp
USER nobody
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s --timeout=2s --retries=4 CMD test -e /tmp
ENTRYPOINT ["echo", "entry"]
CMD ["default"]
"""


@pytest.fixture
def build(target: Target, tmp_path: Path) -> Iterator[Build]:
    """Build the Dockerfile with these files in its context, as the image `made`."""

    def run(dockerfile: str, *options: str, files: dict[str, str] | None = None) -> Result:
        folder = tmp_path / "context"
        for name, content in {"Dockerfile": dockerfile, **(files or {})}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content)
        return target.docker("build", "-t", "made", *options, str(folder), timeout=120)

    yield run


def made(target: Target, *arguments: str) -> str:
    """What a container of the image prints."""
    return target.docker("run", "--rm", "made", *arguments).out


def test_stages(target: Target, build: Build) -> None:
    text = """FROM busybox AS one
        RUN mkdir /out && echo one > /out/f
        FROM busybox AS unused
        RUN exit 9
        FROM busybox
        COPY --from=one /out/f /g
        COPY --from=busybox /etc/passwd /other
        """
    options = (
        ["--target", "one"] if target.name == "dockerd" else []
    )  # the classic builder runs unused stages
    done = build(text, *options)
    assert done.code == 0, done.err
    if target.name == "hythe":
        assert made(target, "sh", "-c", "cat /g; head -c 5 /other") == "one\nroot:"
    assert build(text, "--target", "one").code == 0
    assert made(target, "cat", "/out/f") == "one\n"


def test_copy_from_a_stage_and_an_image(target: Target, build: Build) -> None:
    text = """FROM busybox AS one
        RUN mkdir /out && echo one > /out/f
        FROM scratch AS middle
        COPY --from=one /out /out
        FROM busybox
        COPY --from=middle /out/f /g
        COPY --from=busybox:latest /etc/passwd /other
        """
    done = build(text)
    assert done.code == 0, done.err
    assert made(target, "sh", "-c", "cat /g; head -c 5 /other") == "one\nroot:"


def test_arguments_and_environment(target: Target, build: Build) -> None:
    text = """ARG BASE=nosuchimage
        FROM $BASE
        ARG V=default
        ARG W=kept
        ENV X=${V}-x Y=${missing:-fallback}
        RUN echo $V $W $X $Y > /out
        """
    done = build(text, "--build-arg", "BASE=busybox", "--build-arg", "V=given")
    assert done.code == 0, done.err
    assert made(target, "sh", "-c", "cat /out; echo $V$X") == "given kept given-x fallback\ngiven-x\n"


def test_ignored_files_stay_out(target: Target, build: Build) -> None:
    files = {".dockerignore": "*.log\nskip\n!keep.log\n", "a.log": "", "keep.log": "", "skip/x": "", "b": ""}
    assert build("FROM busybox\nCOPY . /all/\n", files=files).code == 0
    assert made(target, "sh", "-c", "cd /all; find . -type f | sort").split() == [
        "./.dockerignore",
        "./Dockerfile",
        "./b",
        "./keep.log",
    ]


def test_the_cache_follows_content(target: Target, build: Build) -> None:
    text = "FROM busybox\nCOPY f /f\nRUN date +%s%N > /when; cat /f\n"
    first = build(text, files={"f": "1"})
    when = made(target, "cat", "/when")
    second = build(text, files={"f": "1"})
    assert (first.out.count("Using cache"), second.out.count("Using cache")) == (0, 2)
    assert made(target, "cat", "/when") == when
    assert "Using cache" not in build(text, files={"f": "2"}).out
    assert made(target, "cat", "/when", "/f") != when
    assert "Using cache" not in build(text, "--no-cache", files={"f": "2"}).out


def test_a_failing_step_names_its_command_and_code(target: Target, build: Build) -> None:
    before = target.docker("ps", "-aq").out
    done = build("FROM busybox\nRUN echo so far; echo why >&2; exit 3\nRUN echo never\n")
    assert done.code != 0
    assert "so far" in done.out and "why" in done.out + done.err and "never\n" not in done.out
    assert "returned a non-zero code: 3" in done.err and "exit 3" in done.err
    assert target.docker("image", "inspect", "made").code == 1
    if target.name == "hythe":  # dockerd keeps the failed step's container
        assert target.docker("ps", "-aq").out == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FROM busybox\nRUNN true\n", ["RUNN", "2"]),
        ("FROM busybox\nCOPY absent /x\n", ["absent"]),
        ("RUN true\nFROM busybox\n", [" stage"]),
        ("", ["empty"]),
        ("FROM busybox\nWORKDIR\n", ["WORKDIR", "2"]),
        ("FROM busybox\nCOPY --from=nosuchstage /a /b\n", ["nosuchstage"]),
    ],
)
def test_mistakes_are_named(target: Target, build: Build, text: str, words: list[str]) -> None:
    done = build(text, "--pull=false")
    assert done.code != 0
    if target.name == "dockerd":  # hythe names the line everywhere; dockerd not always
        words = [word for word in words if not word.isdigit()]
    assert all(word in done.err for word in words), done.err
    assert target.docker("image", "inspect", "made").code == 1


def test_metadata_is_in_inspect_and_in_force(target: Target, build: Build) -> None:
    assert build(METADATA).code == 0
    config = target.inspect("made", "image")["Config"]
    assert config["Env"][-1] == "A=1" and config["Labels"] == {"kind": "test"}
    assert (config["WorkingDir"], config["User"], config["StopSignal"]) == ("/work", "nobody", "SIGINT")
    assert config["Volumes"] == {"/data": {}} and set(config["ExposedPorts"]) == {"80/tcp", "53/udp"}
    assert (config["Entrypoint"], config["Cmd"]) == (["echo", "entry"], ["default"])
    health = config["Healthcheck"]
    assert (health["Test"], health["Interval"], health["Retries"]) == (
        ["CMD-SHELL", "test -e /tmp"],
        5 * 10**9,
        4,
    )
    assert made(target) == "entry default\n"
    assert made(target, "given") == "entry given\n"
    shell = ["run", "--rm", "--entrypoint", "sh", "made", "-c", "pwd; id -u; echo $A"]
    assert target.docker(*shell).out == "/work\n65534\n1\n"


def test_a_step_reaches_the_network(target: Target, build: Build) -> None:
    serve(target, "web")
    fetch = f"FROM busybox\nRUN timeout 5 wget -qO /got http://{address(target, 'web')}/\n"
    done = build(fetch, "--no-cache")
    assert done.code == 0, done.out + done.err
    assert made(target, "cat", "/got") == "hello\n"
    assert build(fetch, "--no-cache", "--network", "none").code != 0


def test_hosts_and_labels_of_the_command_line(target: Target, build: Build) -> None:
    done = build("FROM busybox\nRUN cat /etc/hosts > /seen\n", "--add-host", "db:10.1.2.3", "--label", "k=v")
    assert done.code == 0, done.err
    assert "10.1.2.3" in made(target, "cat", "/seen") and "10.1.2.3" not in made(target, "cat", "/etc/hosts")
    assert target.inspect("made", "image")["Config"]["Labels"] == {"k": "v"}


def test_another_file_and_standard_input(target: Target, build: Build, tmp_path: Path) -> None:
    files = {"sub/Other": "FROM busybox\nCOPY f /f\n", "f": "other"}
    assert build("FROM nosuchimage\n", "-f", str(tmp_path / "context/sub/Other"), files=files).code == 0
    assert made(target, "cat", "/f") == "other"
    done = target.docker("build", "-q", "-t", "made", "-", stdin=b"FROM busybox\nRUN echo in > /f\n")
    assert done.code == 0, done.err
    assert made(target, "cat", "/f") == "in\n"
