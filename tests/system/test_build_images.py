"""Whole builds: RUN, stages, cache, mounts, triggers, reproducibility, and what a failed build leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hythe.build.api import BuildCancelled, RunFailed
from hythe.errors import NotFound, SyntaxProblem
from tests.system.build_harness import Workbench

pytestmark = pytest.mark.root


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    workbench = Workbench(tmp_path)
    yield workbench
    workbench.close()


def test_run_and_its_environment(bench: Workbench) -> None:
    image = bench.build(
        "FROM busybox\nARG V=1\nENV A=a\nWORKDIR /w\nUSER 7\nRUN echo $V $A $PWD $(id -u) $http_proxy\n"
        'RUN ["/bin/sh", "-c", "echo exec"]\nSHELL ["/bin/sh", "-ec"]\n'
        "RUN echo shell\nUSER 0\nRUN echo x > f\n",
        build_args={"V": "2", "http_proxy": "p"},
        tags=["it:1", "also"],
    )
    assert "2 a /w 7 p\n" in bench.text
    assert "exec\n" in bench.text
    assert bench.executor.steps[2].args == ["/bin/sh", "-ec", "echo shell"]
    assert bench.read(image, "/w/f") == "x\n"
    assert "Successfully tagged also:latest\n" in bench.text
    assert bench.images.get("it:1").id == image.id
    history = [entry.created_by for entry in image.config.history]
    assert "|1 V=2 /bin/sh -c echo $V $A $PWD $(id -u) $http_proxy" in history


def test_messages(bench: Workbench) -> None:
    image = bench.build('FROM busybox\nRUN echo hi\nCMD ["x"]\n', tags=["m"])
    lines = bench.text.splitlines()
    assert lines[0] == "Step 1/3 : FROM busybox"
    assert lines[1].startswith(" ---> ")
    assert lines[2] == "Step 2/3 : RUN echo hi"
    assert lines[4] == "hi"
    assert lines[-2] == f"Successfully built {image.id[7:19]}"
    assert {"aux": {"ID": image.id}} in bench.messages


def test_heredoc_scripts(bench: Workbench) -> None:
    image = bench.build(
        "FROM busybox\nRUN <<EOF\necho one > /one\necho two > /two\nEOF\n"
        "RUN <<SCRIPT\n#!/bin/cat\ncontent\nSCRIPT\nRUN cat <<'A' <<B > /three\n$x\nA\nB\n",
    )
    assert bench.read(image, "/two") == "two\n"
    assert "#!/bin/cat\ncontent\n" in bench.text
    assert bench.read(image, "/three") == ""
    assert "dev" not in bench.files(image)


def test_only_needed_stages(bench: Workbench) -> None:
    image = bench.build(
        "FROM busybox AS a\nRUN echo a > /f\nFROM busybox AS unused\nRUN false\n"
        "FROM scratch\nCOPY --from=a /f /\n"
    )
    assert set(bench.files(image)) == {"f"}
    bench.build("FROM busybox AS a\nRUN echo a\nFROM a\nRUN false\n", target="a")
    with pytest.raises(RunFailed):
        bench.build("FROM busybox AS a\nRUN echo a\nFROM a\nRUN false\n")


def test_failing_run(bench: Workbench) -> None:
    with pytest.raises(RunFailed) as caught:
        bench.build("FROM busybox\nRUN exit 3\n", tags=["never"])
    assert caught.value.exit_code == 3
    message = "The command '/bin/sh -c exit 3' returned a non-zero code: 3"
    assert bench.messages[-1] == {"errorDetail": {"code": 3, "message": message}, "error": message}
    with pytest.raises(NotFound):
        bench.images.get("never")


def test_mistakes_run_nothing(bench: Workbench) -> None:
    with pytest.raises(SyntaxProblem):
        bench.build("FROM busybox\nRUN touch /x\nRUM y\n")
    with pytest.raises(NotFound, match=r"Dockerfile:3:6: "):
        bench.build("FROM busybox AS a\nRUN touch /x\nFROM nothing:here\nCOPY --from=a /x /\n")
    assert bench.executor.steps == []


def test_cancelled(bench: Workbench) -> None:
    with pytest.raises(BuildCancelled):
        bench.build("FROM busybox\nRUN echo x\n", cancelled=lambda: len(bench.executor.steps) > 0)


def test_cache_follows_arguments_and_outcomes(bench: Workbench) -> None:
    text = "FROM busybox\nARG V\nRUN cat /proc/sys/kernel/random/uuid > /u || date +%N > /u\nRUN cp /u /v\n"
    text = "FROM busybox\nARG V\nRUN date +%s%N > /u\nRUN cp /u /v\n"
    first = bench.build(text, build_args={"V": "1"})
    assert bench.build(text, build_args={"V": "1"}).id == first.id
    assert bench.build(text, build_args={"V": "2"}).id != first.id
    assert bench.text.count("Using cache") == 1
    bench.build("FROM busybox\nARG V\nRUN date +%s%N > /u\n", build_args={"V": "1"}, no_cache=True)
    mixed = bench.build(text, build_args={"V": "1"})
    assert bench.read(mixed, "/u") == bench.read(mixed, "/v")


def test_run_mounts(bench: Workbench) -> None:
    image = bench.build(
        "FROM busybox\n"
        "RUN --mount=type=secret,id=key --mount=type=secret,id=key,env=KEY "
        "cat /run/secrets/key && echo $KEY\n"
        "RUN --mount=type=cache,target=/c echo kept > /c/f\n"
        "RUN --mount=type=cache,target=/c,sharing=locked cat /c/f && ls /\n"
        "RUN --mount=type=tmpfs,target=/t echo gone > /t/f\n"
        "RUN --mount=target=/src,source=sub cat /src/file\n"
        "RUN --mount=from=busybox,source=/etc,target=/e,rw echo x > /e/new && ls /e\n",
        {"sub/file": "bound\n"},
        secrets={"key": b"hush\n"},
    )
    assert bench.text.count("hush") == 2
    assert "kept\n" in bench.text
    assert "bound\n" in bench.text
    found = bench.files(image)
    assert not {"c", "t", "src", "e", "run", "etc/new", "proc"} & set(found)
    assert "hush" not in json.dumps([entry.created_by for entry in image.config.history])
    with pytest.raises(SyntaxProblem, match="secret other: not found"):
        bench.build("FROM busybox\nRUN --mount=type=secret,id=other,required true\n")


def test_triggers(bench: Workbench) -> None:
    bench.build("FROM busybox\nONBUILD COPY f /f\nONBUILD RUN cat /f\n", tags=["base"])
    image = bench.build("FROM base\nRUN echo own\n", {"f": "data\n"})
    assert "# Executing 2 build triggers\n" in bench.text
    assert bench.text.index("data") < bench.text.index("own")
    assert not image.config.config.on_build


def test_only_from_is_the_base_itself(bench: Workbench) -> None:
    image = bench.build("FROM busybox\n", tags=["alias"])
    assert image.id == bench.images.get("busybox").id
    assert bench.images.get("alias").id == image.id


def test_workdir_has_a_layer_only_if_it_made_something(bench: Workbench) -> None:
    image = bench.build("FROM busybox\nWORKDIR /etc\nWORKDIR /new/dir\nWORKDIR /\n")
    assert [entry.empty_layer for entry in image.config.history][-3:] == [True, False, True]
    assert bench.files(image)["new/dir"] == "drwxr-xr-x 0:0"


def test_reproducible(bench: Workbench, tmp_path: Path) -> None:
    other = Workbench(tmp_path / "other")
    text = "FROM busybox\nCOPY f /d/f\nRUN echo x > /g && mkdir /h\nWORKDIR /i\nENV a=b\n"
    try:
        ids = [
            each.build(text, {"f": "1"}, build_args={"SOURCE_DATE_EPOCH": "1700000000"}, no_cache=True)
            for each in (bench, other)
        ]
    finally:
        other.close()
    assert ids[0].config.rootfs.diff_ids[1:] == ids[1].config.rootfs.diff_ids[1:]
    assert ids[0].config.created == "2023-11-14T22:13:20Z"


def test_labels_from_the_command_line(bench: Workbench) -> None:
    image = bench.build("FROM busybox\nLABEL a=1\n", labels={"a": "2", "it's": '"$x"'})
    assert image.config.config.labels == {"a": "2", "it's": '"$x"'}
