"""What an image or a program inside can try on the runtime (ANCHORS, "What must be survived")."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

import pytest

from tests.hostile.images import host_mounts, hostile_image
from tests.targets import Result, Target
from tests.terminal import terminal

pytestmark = pytest.mark.root

SCAN = """
while [ ! -e /done ]; do
  for p in /proc/[0-9]*; do
    x=$(readlink $p/exe) && case "$x" in /bin/*) ;; *) echo "seen $x";; esac
    x=$(readlink $p/cwd) && case "$x" in /|/proc*) ;; *) echo "cwd $x";; esac
  done
done
"""


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def started(engine: Target, name: str, *options: str, script: str = "sleep 1000") -> None:
    done = engine.docker("run", "-d", "--name", name, *options, "busybox", "sh", "-c", script)
    assert done.code == 0, done.err


def run(engine: Target, script: str, *options: str) -> Result:
    return engine.docker("run", "--rm", *options, "busybox", "sh", "-c", script)


def test_the_runtime_cannot_be_the_entrypoint(engine: Target) -> None:
    """CVE-2019-5736: the image brings the libraries with which the host's own program would run inside."""
    program = Path(sys.executable).resolve()
    before = digest(program)
    maps = Path("/proc/self/maps").read_text()
    libraries = set(re.findall(r"/\S+/(?:ld-linux\S*|lib(?:c|m|dl|util|pthread)[.-]\S*)$", maps, re.M))
    loader = {"lib64/ld-linux-x86-64.so.2": Path("/lib64/ld-linux-x86-64.so.2").resolve()}
    hostile_image(engine, "self", {}, loader | {f"lib/{Path(each).name}": Path(each) for each in libraries})
    for entry in ("/proc/self/exe", "/proc/1/exe", "/proc/thread-self/exe"):
        done = engine.docker("run", "--rm", "--entrypoint", entry, "self", "-S", "-c", "print('ran')")
        assert done.code in (125, 126, 127), done
        assert "Python" not in done.out + done.err and "ran" not in done.out
    assert digest(program) == before


def test_the_runtime_is_not_seen_from_inside_while_it_enters(engine: Target) -> None:
    """CVE-2019-5736, the other half: during exec, the runtime's own file must not be open to the container."""
    started(engine, "watcher", script=SCAN)
    for _ in range(15):
        assert engine.docker("exec", "watcher", "true").code == 0
    engine.docker("exec", "watcher", "touch", "/done")
    engine.docker("wait", "watcher")
    assert set(engine.docker("logs", "watcher").out.splitlines()) == set()


@pytest.mark.parametrize("number", [*range(3, 13), "../fd/7"])
def test_no_descriptor_is_a_working_directory(engine: Target, number: int | str) -> None:
    """CVE-2024-21626."""
    folder = f"/proc/self/fd/{number}"
    assert engine.docker("run", "--rm", "-w", folder, "busybox", "pwd").code in (125, 126, 127)
    hostile_image(engine, "linked", {"work": folder})
    assert engine.docker("run", "--rm", "-w", "/work", "linked", "pwd").code in (125, 126, 127)


def test_no_descriptor_is_a_working_directory_of_exec(engine: Target) -> None:
    started(engine, "box")
    for number in range(3, 20):
        done = engine.docker("exec", "-w", f"/proc/self/fd/{number}", "box", "ls")
        assert done.code in (1, 125, 126, 127) and done.out.count("\n") <= 1, (number, done)


def open_files(listing: str) -> list[str]:
    return sorted(re.findall(r"^l.* (\d+)(?: -> .*)?\r?$", listing, re.M))


def test_no_descriptor_leaks_in(engine: Target, tmp_path: Path) -> None:
    look = ["ls", "-l", "/proc/self/fd"]
    standard = ["0", "1", "2", "3"]  # and the folder that ls has open
    assert open_files(engine.docker("run", "--rm", "-v", f"{tmp_path}:/m", "busybox", *look).out) == standard
    started(engine, "box")
    assert open_files(engine.docker("exec", "box", *look).out) == standard
    assert open_files(engine.docker("exec", "-i", "box", *look, stdin=b"").out) == standard
    assert open_files(engine.docker("exec", "box", "ls", "-l", "/proc/1/fd").out) == standard[:3]
    with terminal(["docker", "run", "-it", "--rm", "busybox", *look], engine.env) as session:
        assert session.end() == 0
        assert open_files(session.shown) == standard


@pytest.mark.parametrize("name", ["proc", "dev", "sys", "etc", "dev/shm", "proc/sys"])
@pytest.mark.parametrize("way", ["absolute", "upwards", "inside"])
def test_places_of_the_runtime_that_are_links(engine: Target, tmp_path: Path, name: str, way: str) -> None:
    """CVE-2023-27561 and its kin: mounts and files land inside the image, or the container is refused."""
    victim = tmp_path / "victim"
    victim.mkdir()
    target = {"absolute": str(victim), "upwards": "../" * 12 + str(victim)[1:], "inside": "/tmp"}[way]
    before = host_mounts(engine.root, tmp_path)
    hostile_image(engine, "links", {name: target})
    done = engine.docker("run", "--rm", "links", "sh", "-c", "cut -d' ' -f2,3 /proc/mounts")
    if done.code == 0:
        assert "/proc proc\n" in done.out
    assert list(victim.iterdir()) == []
    assert host_mounts(engine.root, tmp_path) == before


def test_a_volume_over_dev_does_not_lift_the_masks(engine: Target) -> None:
    """CVE-2025-31133 and 52565: /dev/null and /dev/console lead where the masks must not be taken from."""
    pattern = Path("/proc/sys/kernel/core_pattern")
    before = pattern.read_text()
    links = (
        "for n in null console ptmx; do ln -s /proc/sys/kernel/core_pattern /evil/$n; done; ln -s / /evil/pts"
    )
    assert run(engine, links, "-v", "evil:/evil").code == 0
    script = "echo hostile > /proc/sys/kernel/core_pattern; head -c 1 /proc/kcore | wc -c; echo hostile > /proc/kcore"
    for options in ([], ["-t"]):
        done = run(engine, script, "-v", "evil:/dev", *options)
        assert done.code != 0 or "0" in done.out.split(), done  # a terminal shows what failed as well
        assert pattern.read_text() == before


@pytest.mark.parametrize("place", ["/proc", "/proc/sys/kernel", "/proc/self", "/sys/../proc"])
def test_nothing_is_mounted_over_proc(engine: Target, place: str) -> None:
    """CVE-2019-19921, CVE-2025-52881: what is labelled and masked there would be the attacker's."""
    assert run(engine, "true", "-v", f"fake:{place}").code in (125, 126, 127)
    hostile_image(engine, "alias", {"alias": place})
    assert engine.docker("run", "--rm", "-v", "fake:/alias", "alias", "true").code in (125, 126, 127)


@pytest.mark.parametrize(
    "user", ["4294967296", "4294967295", "-1", "0:4294967296", "0x0", "1e3", "nosuchuser"]
)
def test_users_that_are_no_users(engine: Target, user: str) -> None:
    """CVE-2024-40635."""
    done = engine.docker("run", "--rm", f"--user={user}", "busybox", "id", "-u")
    assert done.code in (125, 126) and done.out == "", done
    build = engine.docker(
        "build", "-q", "-t", "u", "-", stdin=f"FROM busybox\nUSER {user}\nRUN id\n".encode()
    )
    assert build.code != 0
