"""Capabilities and AppArmor as a bundle asks for them: what is applied, what is warned of, what is refused."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from hythe.engine.apparmor import DEFAULT, load_default
from hythe.kernel import apparmor
from tests.system.runtime_harness import CAPABILITIES, Refused, Warden, running

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def warden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warden]:
    with running(tmp_path_factory.mktemp("warden")) as found:
        yield found


def test_unknown_capabilities_are_left_out_with_a_warning(warden: Warden) -> None:
    config = warden.config(["/bin/grep", "CapEff", "/proc/self/status"])
    names = ["CAP_KILL", "CAP_OF_TOMORROW"]
    config["process"]["capabilities"] = {"bounding": names, "effective": names, "permitted": names}
    assert warden.run(config) == (0, b"CapEff:\t0000000000000020\n")
    assert any("CAP_OF_TOMORROW" in warning for warning in warden.created["warnings"])


def test_ambient_capabilities_that_cannot_be_are_left_out_with_a_warning(warden: Warden) -> None:
    config = warden.config(["/bin/grep", "CapAmb", "/proc/self/status"])
    names = ["CAP_KILL"]
    config["process"]["capabilities"] = {
        "bounding": names,
        "effective": names,
        "permitted": names,
        "ambient": names,
    }
    assert warden.run(config) == (0, b"CapAmb:\t0000000000000000\n")
    assert any("ambient" in warning for warning in warden.created["warnings"])


def _tells_its_effective_user() -> bytes:
    """A program for x86_64 that ends with exit code geteuid() & 255: busybox itself gives up what setuid brings."""
    code = bytes.fromhex("b86b000000 0f05 89c7 b83c000000 0f05")
    base, start = 0x400000, 64 + 56
    head = struct.pack(
        "=4s5B7xHHIQQQIHHHHHH",
        b"\x7fELF",
        2,
        1,
        1,
        0,
        0,
        2,
        62,
        1,
        base + start,
        64,
        0,
        0,
        64,
        56,
        1,
        0,
        0,
        0,
    )
    segment = struct.pack("=IIQQQQQQ", 1, 5, 0, base, base, start + len(code), start + len(code), 0x1000)
    return head + segment + code


@pytest.mark.parametrize(("no_new_privileges", "user"), [(False, 0), (True, 1000)])
def test_setuid_programs(warden: Warden, no_new_privileges: bool, user: int) -> None:
    config = warden.config(["/bin/raised"])
    program = warden.root / "bin/raised"
    program.write_bytes(_tells_its_effective_user())
    program.chmod(0o4755)
    config["process"] |= {
        "user": {"uid": 1000, "gid": 1000},
        "capabilities": {"bounding": CAPABILITIES},
        "noNewPrivileges": no_new_privileges,
    }
    try:
        assert warden.run(config) == (user & 255, b"")
    finally:
        program.unlink()


def test_a_profile_that_is_not_loaded_is_refused_before_anything_starts(warden: Warden) -> None:
    config = warden.config(["/bin/true"])
    config["process"]["apparmorProfile"] = "no-such-profile"
    with pytest.raises(Refused, match="no-such-profile"):
        warden.create(config)


def test_confinement_by_the_kernel_that_there_is(warden: Warden) -> None:
    """With AppArmor a container is confined, and may not mount whatever its capabilities; without, it is told."""
    config = warden.config(["/bin/sh", "-c", "cat /proc/self/attr/current; mount -t tmpfs x /tmp 2>&1; true"])
    config["process"]["apparmorProfile"] = DEFAULT
    for key in ("bounding", "effective", "permitted"):
        config["process"]["capabilities"][key] = [*CAPABILITIES, "CAP_SYS_ADMIN"]
    if not apparmor.enabled():
        with pytest.raises(Refused, match="no AppArmor"):
            warden.create(config)
        return
    load_default()
    code, output = warden.run(config)
    assert (code, output.splitlines()[0]) == (0, b"hythe-default (enforce)")
    assert b"ermission denied" in output
