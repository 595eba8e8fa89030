"""A cluster of hythe's for suites of Kubernetes' clients: an engine with images, and a control plane and a node on it.

All of it is in the namespaces of `cri_surroundings`: what the suites' pods pull is there, nothing outside is asked for.
A pod of the cluster's own is made in kube-system, where the suites expect some.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.peers import tap
from tests.peers.cri_surroundings import Image, Surroundings, insecure
from tests.peers.suite import Program
from tests.peers.tap import Check
from tests.targets import start_hythe
from tests.waiting import PATIENCE, wait_until

ADDRESS: Final = "192.0.2.1/24"  # of the node: RFC 5737's, for documentation
_READY_SECONDS: Final = 120
_SLEEPS: Final = Image('CMD ["sleep", "1000000"]\n')
_NGINX: Final = Image(
    "RUN mkdir -p /usr/share/nginx/html && echo '<html>it works</html>' > /usr/share/nginx/html/index.html\n"
    'CMD ["httpd", "-f", "-p", "80", "-h", "/usr/share/nginx/html"]\n'
)
_DOCKER: Final = "gcr.io/library"
"""Where the stand-ins of docker.io's images are pushed: the registry is one, whatever it is called."""
IMAGES: Final = {
    f"{_DOCKER}/busybox:latest": Image(""),
    **{f"{_DOCKER}/nginx:{tag}": _NGINX for tag in ("latest", "stable", "1.14.2", "1.15.4")},
    **{f"{_DOCKER}/{name}:latest": _SLEEPS for name in ("ubuntu", "wordpress")},
    "gcr.io/google_containers/pause:latest": _SLEEPS,
    "k8s.gcr.io/pause:2.0": _SLEEPS,
}


@contextmanager
def started(root: Path, around: Surroundings) -> Iterator[Path]:
    """The kubeconfig of its administrator."""
    endpoint, data = f"unix://{root}/cri.sock", root / "kube"
    engine_options = [*insecure(), "--registry-mirror", "http://127.0.0.1", "--cri", endpoint]
    hythe = [*around.within, sys.executable, "-m", "hythe", "kube"]
    with ExitStack() as stack:
        stack.enter_context(start_hythe(root, *engine_options, within=around.within))
        log = stack.enter_context((root / "kube.log").open("wb"))
        down = [*hythe, "down", "--data-dir", str(data)]
        stack.callback(lambda: subprocess.run(down, stdout=log, stderr=log, check=False))
        up = [*hythe, "up", "--data-dir", str(data), "--cri", endpoint, "--bind", "127.0.0.1"]
        done = subprocess.run(up, stdout=log, stderr=log, timeout=_READY_SECONDS * PATIENCE, check=False)
        assert done.returncode == 0, (root / "kube.log").read_text()
        kubeconfig = data / "admin.kubeconfig"
        _first_pod(around, kubeconfig)
        yield kubeconfig


def _first_pod(around: Surroundings, kubeconfig: Path) -> None:
    kubectl = [*around.within, "kubectl", "--kubeconfig", str(kubeconfig), "-n", "kube-system"]
    made = [*kubectl, "run", "first", "--image=busybox", "--", "sleep", "100000"]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
    phase = [*kubectl, "get", "pod", "first", "-o", "jsonpath={.status.phase}"]
    wait_until(lambda: subprocess.run(phase, capture_output=True, check=True).stdout == b"Running")


def run(
    programs: Iterable[Program], only: re.Pattern[str], tell: Callable[[str, list[Check]], None]
) -> dict[str, list[Check]]:
    """The checks of each program whose name has `only` in it; `tell` hears of each as it ends.

    They make nothing but connections, and are not confined: they join the namespaces by their own command.
    """
    found = {}
    for program in programs:
        if only.search(program.name):
            found[program.name] = _run(program)
            tell(program.name, found[program.name])
    return found


def _run(program: Program) -> list[Check]:
    seconds = program.seconds * PATIENCE
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        environment = {"HOME": folder, "PATH": os.environ["PATH"], **program.environment}
        try:
            done = subprocess.run(
                program.command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as late:
            output = late.stdout.decode() if late.stdout else ""
            return tap.judge(output, "", None, seconds)
        return tap.judge(done.stdout, done.stderr, done.returncode, seconds)
