"""Under which AppArmor profile everything of a container runs: its program, an exec, a build's step, a nested engine's.

On a kernel without AppArmor the same is asked for, and nothing is confined (`scripts/vm` has one with it).
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hythe.kernel import apparmor
from tests.targets import Target, start_hythe

pytestmark = pytest.mark.root
OTHER = "hythe-test-other"
POLICY = (
    f"profile {OTHER} flags=(attach_disconnected, mediate_deleted) {{ file, signal, network, capability, }}\n"
)
SHOW = ("sh", "-c", "cat /proc/self/attr/current 2>/dev/null || echo none")
RUN = f"{SHOW[0]} {SHOW[1]} '{SHOW[2]}'"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with start_hythe(tmp_path_factory.mktemp("engine")) as found:
        yield found


@pytest.fixture(scope="module")
def other() -> Iterator[str]:
    """A further profile, where there can be one."""
    if not apparmor.enabled():
        yield OTHER
        return
    _parser("--replace")
    try:
        yield OTHER
    finally:
        _parser("--remove")


def _parser(action: str) -> None:
    subprocess.run(["/usr/sbin/apparmor_parser", action, "--skip-cache"], input=POLICY.encode(), check=True)


def shown(profile: str) -> str:
    """What a process under `profile` reads of itself."""
    if not apparmor.enabled():
        return "none\n"
    return profile + ("\n" if profile == "unconfined" else " (enforce)\n")


CASES = [
    ([], "hythe-default"),
    (["--userns", "host"], "hythe-default"),
    (["--security-opt", "apparmor=unconfined"], "unconfined"),
    (["--security-opt", f"apparmor={OTHER}"], OTHER),
    (["--privileged"], "unconfined"),
    (["--privileged", "--security-opt", f"apparmor={OTHER}"], OTHER),
]


@pytest.mark.usefixtures("other")
@pytest.mark.parametrize(("flags", "profile"), CASES)
def test_a_container_and_its_execs(engine: Target, flags: list[str], profile: str) -> None:
    script = f"{RUN}; exec sleep 1000"
    started = engine.docker("run", "-d", *flags, "busybox", "sh", "-c", script)
    assert started.code == 0, started.err
    id = started.out.strip()
    try:
        for more in ([], ["--user", "77"], ["--privileged"]):
            assert engine.docker("exec", *more, id, *SHOW).out == shown(profile), more
        assert engine.docker("logs", id).out == shown(profile)
        assert engine.inspect(id)["AppArmorProfile"] == (profile if apparmor.enabled() else "")
    finally:
        engine.docker("rm", "-f", id)


def test_a_profile_that_is_not_there(engine: Target) -> None:
    done = engine.docker("run", "--rm", "--security-opt", "apparmor=hythe-test-none", "busybox", "true")
    assert (done.code == 0) is not apparmor.enabled()
    assert ("hythe-test-none" in done.err) is apparmor.enabled()


def test_a_step_of_a_build(engine: Target, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM busybox\nRUN {RUN}\n")
    done = engine.docker("build", "--no-cache", str(tmp_path))
    assert done.code == 0, done.err
    assert shown("hythe-default") in done.out


def test_an_engine_in_namespaces_of_its_own(tmp_path: Path) -> None:
    own = ("unshare", "--pid", "--fork", "--mount-proc", "--cgroup")
    with start_hythe(tmp_path, within=own) as inner:
        assert inner.docker("run", "--rm", "busybox", *SHOW).out == shown("hythe-default")
