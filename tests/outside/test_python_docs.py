"""The examples of docs/python.md, each as a program of its own, and ports as the client sees them."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import hythe
from tests.targets import Target
from tests.waiting import PATIENCE

pytestmark = pytest.mark.root

DOCUMENT = Path(__file__).parents[2] / "docs/python.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
SERVER = ["sh", "-c", "sleep 0.3; echo served > /tmp/page; httpd -f -p 80 -h /tmp"]


def run_example(target: Target, source: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "example.py").write_text(source)
    command = [sys.executable, "-W", "error", str(folder / "example.py")]
    return subprocess.run(
        command, env=target.env, cwd=folder, capture_output=True, text=True, timeout=90 * PATIENCE
    )


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_runs_without_a_warning(target: Target, number: int, tmp_path: Path) -> None:
    done = run_example(target, EXAMPLES[number], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_a_port_is_waited_for(target: Target) -> None:
    with (
        hythe.connect(target.host) as client,
        client.containers.run("busybox", SERVER, ports={80: None}, init=True) as container,
    ):
        where = container.wait_for_port(80, timeout=20)
        with urllib.request.urlopen(f"http://{where.host}:{where.port}/page", timeout=10) as answer:
            assert answer.read() == b"served\n"
        with pytest.raises(hythe.NotFound, match=r"port 81/tcp .* is not published"):
            container.published(81)


def test_a_port_of_a_container_that_ends_is_not_waited_for(target: Target) -> None:
    with (
        hythe.connect(target.host) as client,
        client.containers.run(
            "busybox", ["sh", "-c", "sleep 0.5; echo gone; exit 6"], ports={80: None}
        ) as container,
        pytest.raises(hythe.NotReady),
    ):
        container.wait_for_port(80, timeout=20)
