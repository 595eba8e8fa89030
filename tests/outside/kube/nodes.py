"""A whole cluster of one node for tests: `hythe kube up` in a temporary folder, driven by unmodified kubectl."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from hythe.kernel.identity import alive, start_time
from tests.targets import import_busybox
from tests.waiting import PATIENCE, wait_until


class Cluster:
    """The cluster whose files are in `data`; `seconds` is how long it took to come up."""

    def __init__(self, data: Path, seconds: float = 0.0) -> None:
        self.data, self.seconds = data, seconds
        self.settings: dict[str, Any] = json.loads((data / "cluster.json").read_text())

    @property
    def run(self) -> Path:
        return Path("/run/hythe-kube", self.settings["id"])

    @property
    def engine(self) -> str:
        return f"unix://{self.run}/hythe.sock"

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "KUBECONFIG": str(self.data / "admin.kubeconfig")}

    def kubectl(
        self, *arguments: str, stdin: str | None = None, timeout: float = 60, check: bool = True
    ) -> str:
        """What it prints; with `check` false, of a failure both its streams."""
        done = subprocess.run(
            ["kubectl", *arguments], input=stdin, capture_output=True, text=True, env=self.env,
            timeout=timeout * PATIENCE, check=False,
        )  # fmt: skip
        if check:
            assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
            return done.stdout
        return done.stdout + done.stderr

    def get(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "-o", "json"))
        return found

    def apply(self, *objects: dict[str, Any], namespace: str) -> None:
        whole = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "-n", namespace, "-f", "-", stdin=json.dumps(whole))

    def pid(self, program: str) -> int:
        """Of "server", "agent", or the engine ("daemon")."""
        sign = str(self.data)
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().decode().split("\0")
            except OSError:
                continue
            ours = any(word == sign or word.startswith(f"{sign}/") for word in words)
            if ours and program in words and (program == "up" or "up" not in words):
                return int(entry.parent.name)
        raise AssertionError(f"no {program} of {self.data}")

    def kill(self, program: str) -> None:
        """kill -9; the supervisor starts it again."""
        pid = self.pid(program)
        began = start_time(pid)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not alive(pid, began), 10, f"the end of {program}")

    def ready(self) -> bool:
        node = self.kubectl("get", "nodes", "--no-headers", check=False, timeout=10)
        return " Ready " in node


def hythe(*arguments: str, timeout: float = 120) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "hythe", *arguments], capture_output=True, text=True, check=False,
        timeout=timeout * PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, f"hythe {' '.join(arguments)}: {done.stderr}"
    return done.stdout


@contextmanager
def cluster() -> Iterator[Cluster]:
    """One that is up, with an image busybox; everything of it goes at the end."""
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hythe-kube-"))) / "kube"
        stack.callback(_down, data)
        began = time.monotonic()
        hythe("kube", "up", "--data-dir", str(data))
        made = Cluster(data, time.monotonic() - began)
        import_busybox(made.engine)
        yield made


def _down(data: Path) -> None:
    if (data / "cluster.json").exists():
        hythe("kube", "down", "--data-dir", str(data))


class Load:
    """Requests to a URL, one after the other on some threads, each on a connection of its own."""

    def __init__(self, url: str, threads: int = 2) -> None:
        self.url = url
        self.failed: list[str] = []
        self.answers: Counter[str] = Counter()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(threads)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._stop.is_set():
            try:
                self.answers[ask(self.url)] += 1
            except OSError as error:
                self.failed.append(f"{time.strftime('%X')} {error}")
            time.sleep(0.01)


def ask(url: str, timeout: float = 5) -> str:
    """The body of a GET, stripped. Raises OSError."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=timeout * PATIENCE) as answer:
        body: bytes = answer.read()
    return body.decode().strip()


def deployment(
    name: str, says: str, *, replicas: int = 2, image: str = "busybox", **spec: Any
) -> dict[str, Any]:
    """Pods that answer HTTP on port 8080 with `says`; they go on answering for a moment when they are to end."""
    program = f"mkdir -p /www && echo {says} > /www/index.html && exec httpd -f -p 8080 -h /www"
    container = {
        "name": "web",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", program],
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 1, "timeoutSeconds": 5},
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", "2"]}}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": 5},
            },
            **spec,
        },
    }


def service(name: str, **spec: Any) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": ports, **spec},
    }
