"""A throw-away engine of an ordinary user: it works, and nothing of it is left, the files of other ids included."""

from __future__ import annotations

import pytest

import hythe
from tests.rootless import staged
from tests.targets import Target

pytestmark = pytest.mark.root

PROGRAM = """
import sys
from hythe.testing.engine import throwaway

with throwaway(images=["{archive}"]) as engine, engine.connect() as client:
    script = "touch /v/file; chown 1000 /v/file; echo written"
    print(client.containers.check_output("busybox", ["sh", "-c", script], volumes={{"named": "/v"}}).stdout)
    running = client.containers.run("busybox", "sleep 1000")
    print(engine.root)
"""


def test_an_ordinary_users_engine_leaves_nothing(target: Target) -> None:
    with staged(delegated=True) as stage:
        archive = stage.root / "busybox.tar"
        with hythe.connect(target.host) as client:
            archive.write_bytes(b"".join(client.images.save("busybox")))
        archive.chmod(0o644)
        temporary = stage.root / "home"
        program = PROGRAM.format(archive=archive)
        done = stage.run(stage.command("env", f"TMPDIR={temporary}", stage.python, "-c", program), 120)
        assert (done.returncode, done.stderr) == (0, "")
        written, root = done.stdout.splitlines()
        assert written == "b'written\\n'" and root.startswith(f"{temporary}/hythe-test-")
        assert list(temporary.iterdir()) == []
