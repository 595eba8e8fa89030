"""critest, Kubernetes' own tests of a container runtime, unmodified, on the CRI of an engine that is started for it.

It is in no package: a folder with the program, built from kubernetes-sigs/cri-tools, is named with --built. All of it
is one program, whose report (ginkgo's JSON) tells each spec; the first words of a spec are where it is filed here.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.peers.cri_surroundings import Surroundings
from tests.peers.tap import Check, Verdict
from tests.waiting import PATIENCE

_SECONDS = 3600
_VERDICTS: dict[str, Verdict] = {"passed": "ok", "skipped": "skip"}


class Critest:
    name = "critest"

    def __init__(self, built: Path) -> None:
        self._program = built / "critest"

    def prepare(self, cache: Path) -> str:
        """The version that the program tells."""
        told = subprocess.run([self._program, "--version"], capture_output=True, text=True, check=True)
        return told.stdout.partition(":")[2].strip().partition("\n")[0] or "unknown"

    def run(
        self, endpoint: str, around: Surroundings, folder: Path, only: str, *, websocket: bool = False
    ) -> dict[str, list[Check]]:
        """The specs by their first words; `only` is a pattern for their names. `websocket`: else SPDY is spoken."""
        command = [
            *around.within, str(self._program), "--runtime-endpoint", endpoint, "--image-endpoint", endpoint,
            "--config", "/dev/null", "--ginkgo.no-color", "--ginkgo.seed", "1",
            "--ginkgo.json-report", str(folder / "report.json"),
        ]  # fmt: skip
        if only:
            command += ["--ginkgo.focus", only]
        if websocket:
            command += ["--websocket-exec", "--websocket-attach", "--websocket-portforward"]
        with (folder / "critest.log").open("wb") as log:
            subprocess.run(
                command, stdout=log, stderr=log, timeout=_SECONDS * PATIENCE, check=False, cwd=folder
            )
        report = folder / "report.json"
        assert report.exists(), (folder / "critest.log").read_text()[-4000:]
        return parse(report.read_text())


def parse(report: str) -> dict[str, list[Check]]:
    """Ginkgo's JSON. Specs that were not to run, benchmarks and what is left out by a pattern, are no checks."""
    found: dict[str, list[Check]] = {}
    for spec in json.loads(report)[0]["SpecReports"]:
        failure = spec.get("Failure") or {}
        chosen = spec["State"] != "skipped" or failure.get("Message")
        if spec["LeafNodeType"] != "It" or not chosen:
            continue
        program, *words = spec["ContainerHierarchyTexts"]
        name = " ".join([*words, spec["LeafNodeText"]])
        verdict = _VERDICTS.get(spec["State"], "fail")
        program = program.removeprefix("[k8s.io] ")
        found.setdefault(program, []).append(Check(name, verdict, failure.get("Message", "")[:400]))
    return found
