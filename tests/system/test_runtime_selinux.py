"""SELinux labels of processes and mounts, by hythe-runtime, on a kernel that has it on (`scripts/vm --append`).

On any other a label is refused: `tests/unit/runtime/test_validate.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runtimes import Runtime, started
from tests.system.runtime_harness import FIRST

pytestmark = [pytest.mark.root, pytest.mark.selinux]
SELINUX = Path("/sys/fs/selinux")
LABEL = "system_u:system_r:container_t:s0:c1,c2"
FILES = "system_u:object_r:container_file_t:s0:c1,c2"
SHOW = ("cat", "/proc/self/attr/current")


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    folder = tmp_path_factory.mktemp("runtime")
    subprocess.run(["mount", "-t", "selinuxfs", "selinuxfs", SELINUX], check=True)
    policy = folder / "policy"
    source = Path(__file__).with_name("selinux.cil")
    version = (SELINUX / "policyvers").read_text()
    subprocess.run(["secilc", "-c", version, "-o", policy, "-f", "/dev/null", source], check=True)
    descriptor = os.open(SELINUX / "load", os.O_WRONLY)
    os.write(descriptor, policy.read_bytes())  # the kernel takes it in one piece, or not at all
    os.close(descriptor)
    with started("hythe", folder) as found:
        yield found


def ran(runtime: Runtime, *command: str, mapped: bool = False, **linux: Any) -> Any:
    config = runtime.config(*command)
    config["process"]["selinuxLabel"] = LABEL
    config["linux"] |= linux
    if mapped:
        config["linux"]["namespaces"].append({"type": "user"})
        ids = [{"containerID": 0, "hostID": FIRST, "size": 65536}]
        config["linux"] |= {"uidMappings": ids, "gidMappings": ids}
    bundle = runtime.bundle()
    (bundle / "config.json").write_text(json.dumps(config))
    flags = ("-d",) if command[0] == "sleep" else ()
    return runtime("run", *flags, "--bundle", bundle, bundle.name), bundle.name


@pytest.mark.parametrize("mapped", [False, True])
def test_the_program_and_an_exec(runtime: Runtime, mapped: bool) -> None:
    done, id = ran(runtime, "sleep", "1000", mapped=mapped)
    assert done.code == 0, done
    pid = runtime.state(id)["pid"]
    assert Path(f"/proc/{pid}/attr/current").read_text().strip("\0\n") == LABEL
    assert runtime.ok("exec", id, *SHOW).strip("\0\n") == LABEL
    other = LABEL.removesuffix(",c2")
    assert runtime.ok("exec", "--process-label", other, id, *SHOW).strip("\0\n") == other
    runtime.ok("delete", "--force", id)


@pytest.mark.parametrize("mapped", [False, True])
def test_mounts(runtime: Runtime, mapped: bool) -> None:
    done, id = ran(runtime, "sleep", "1000", mapped=mapped, mountLabel=FILES)
    assert done.code == 0, done
    inside = Path(f"/proc/{runtime.state(id)['pid']}/root")
    for place in ("dev", "dev/shm", "dev/pts", "dev/mqueue", "dev/null"):
        assert os.getxattr(inside / place, "security.selinux").decode().strip("\0") == FILES, place
    runtime.ok("delete", "--force", id)


def test_a_label_that_the_policy_does_not_have(runtime: Runtime) -> None:
    config = runtime.config("true")
    config["process"]["selinuxLabel"] = "nobody:system_r:container_t:s0"
    bundle = runtime.bundle()
    (bundle / "config.json").write_text(json.dumps(config))
    done = runtime("run", "--bundle", bundle, "odd")
    assert done.code != 0 and "SELinux label 'nobody:system_r:container_t:s0' was refused" in done.err
    assert "odd" not in runtime.ids()
