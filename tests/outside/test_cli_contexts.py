"""`hythe context` and docker's, on one store: what one writes the other reads; and hythe's client over TLS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.outside.test_door import served
from tests.targets import Result, Target

pytestmark = pytest.mark.root
BARE = {name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "HYTHE_"))}


class Clients:
    """Both clients, with a configuration folder of their own and no address in the environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {**BARE, "DOCKER_CONFIG": str(folder)}

    def hythe(self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Result:
        return self._run([sys.executable, "-m", "hythe", *arguments], stdin, env or {})

    def docker(self, *arguments: str) -> Result:
        return self._run(["docker", *arguments], b"", {})

    def _run(self, command: list[str], stdin: bytes, env: Mapping[str, str]) -> Result:
        done = subprocess.run(
            command,
            env={**self.env, **env},
            input=stdin,
            capture_output=True,
            timeout=60,
            cwd=self.folder.parent,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def clients(tmp_path: Path) -> Clients:
    return Clients(tmp_path / "config")


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Target, str, Path]]:
    """A daemon on tcp with certificates, its address, and the folder of the certificates."""
    with served(tmp_path_factory.mktemp("secured")) as running:
        yield running


def fields(secured: tuple[Target, str, Path]) -> str:
    keys = secured[2]
    return f"host={secured[1]},ca={keys}/ca.pem,cert={keys}/cert.pem,key={keys}/key.pem"


def test_what_hythe_writes_docker_reads(clients: Clients, secured: tuple[Target, str, Path]) -> None:
    made = clients.hythe(
        "context", "create", "far", "--description", "over there", "--docker", fields(secured)
    )
    assert (made.code, made.out, made.err) == (0, "far\n", 'Successfully created context "far"\n')
    assert clients.docker("context", "inspect", "far").out == clients.hythe("context", "inspect", "far").out
    assert clients.docker("--context", "far", "images", "-q").out
    assert clients.hythe("context", "use", "far").out == "far\n"
    assert clients.docker("context", "show").out == "far\n"
    assert json.loads((clients.folder / "config.json").read_text())["currentContext"] == "far"
    assert clients.hythe("context", "rm", "far").code == clients.docker("context", "rm", "far").code == 1
    assert clients.docker("context", "use", "default").code == 0
    assert clients.hythe("context", "show").out == "default\n"
    assert clients.hythe("context", "rm", "far").out == "far\n"
    assert clients.docker("context", "ls", "-q").out == "default\n"


def test_what_docker_writes_hythe_reads(clients: Clients, secured: tuple[Target, str, Path]) -> None:
    assert clients.docker("context", "create", "far", "--docker", fields(secured)).code == 0
    assert clients.docker("context", "use", "far").code == 0
    assert clients.hythe("images", "--format", "{{.Repository}}").out == "busybox\n"
    assert clients.hythe("version", "-f", "{{.Client.Context}}").out == "far\n"
    listed = clients.docker("context", "ls", "--format", "{{.Name}} {{.Current}} {{.DockerEndpoint}}").out
    ours = clients.hythe("context", "ls", "--format", "{{.Name}} {{.Current}} {{.DockerEndpoint}}").out
    assert listed.splitlines()[1:] == ours.splitlines()[1:] == [f"far true {secured[1]}"]
    assert clients.hythe("context", "update", "far", "--description", "new").code == 0
    assert "new" in clients.docker("context", "ls").out
    assert clients.docker("context", "inspect", "far").out == clients.hythe("context", "inspect").out


def test_a_context_travels_in_a_file(clients: Clients, secured: tuple[Target, str, Path]) -> None:
    clients.hythe("context", "create", "far", "--docker", fields(secured))
    assert clients.hythe("context", "export", "far", "ours.tar").code == 0
    assert clients.docker("context", "export", "far", "theirs.tar").code == 0
    assert clients.hythe("context", "export", "far", "ours.tar").code == 1
    assert clients.docker("context", "import", "one", "ours.tar").code == 0
    assert clients.hythe("context", "import", "two", "theirs.tar").code == 0
    for name in ("one", "two"):
        assert clients.hythe("--context", name, "images", "-q").out
        assert clients.docker("--context", name, "images", "-q").out
    assert clients.hythe("context", "import", "two", "theirs.tar").code == 1
    assert clients.hythe("context", "import", "bad", "-", stdin=b"nonsense").code == 1
    assert oct((clients.folder.parent / "ours.tar").stat().st_mode & 0o777) == "0o600"


def test_what_says_where_the_daemon_is(clients: Clients, tmp_path: Path) -> None:
    """The first of flags, HYTHE_*, DOCKER_* and the chosen context."""
    for name in ("aa", "bb"):
        clients.hythe("context", "create", name, "--docker", f"host=unix://{tmp_path}/{name}.sock")
    clients.hythe("context", "use", "aa")

    def asked(*flags: str, **env: str) -> str:
        error = clients.hythe(*flags, "ps", env=env).err
        return error.partition(f"unix://{tmp_path}/")[2].partition(".sock")[0]

    host = {"DOCKER_HOST": f"unix://{tmp_path}/dh.sock"}
    ours = {"HYTHE_HOST": f"unix://{tmp_path}/hh.sock"}
    assert asked() == "aa"
    assert asked(DOCKER_CONTEXT="bb") == "bb"
    assert asked(DOCKER_CONTEXT="bb", **host) == "dh"
    assert asked(HYTHE_CONTEXT="bb", **host) == "bb"
    assert asked(HYTHE_CONTEXT="bb", **host, **ours) == "hh"
    assert asked("--context", "aa", **host, **ours) == "aa"
    assert asked("-H", f"unix://{tmp_path}/flag.sock", **host, **ours) == "flag"
    both = clients.hythe("-c", "aa", "-H", "unix:///x", "ps")
    assert both.code == clients.docker("-c", "aa", "-H", "unix:///x", "ps").code == 1
    assert "ssh -nNTL" in clients.hythe("-H", "ssh://somewhere", "ps").err


def test_mistakes_about_contexts_change_nothing(clients: Clients) -> None:
    clients.hythe("context", "create", "one", "--docker", "host=unix:///one.sock")
    before = sorted(str(path) for path in clients.folder.rglob("*"))
    for line in (
        "create one", "create default", "create bad/name", "create x", "create two --docker bogus=1",
        "create two --docker host=tcp://x,ca=/nope",
        "create two --docker host=tcp://x,ca=/etc/passwd", "create two --from nope", "update nope", "update default",
        "use nope", "rm nope", "rm default", "export nope", "import default x", "inspect nope", "create", "use",
    ):  # fmt: skip
        ours = clients.hythe("context", *line.split())
        assert ours.code == clients.docker("context", *line.split()).code == 1, line
        assert ours.err.startswith("hythe: "), line
    assert sorted(str(path) for path in clients.folder.rglob("*")) == before


def test_hythe_over_tls(clients: Clients, secured: tuple[Target, str, Path]) -> None:
    _, address, keys = secured
    flags = ["-H", address, "--tlsverify", f"--tlscacert={keys}/ca.pem", f"--tlscert={keys}/cert.pem",
             f"--tlskey={keys}/key.pem"]  # fmt: skip
    run = clients.hythe(*flags, "run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (run.code, run.out, run.err) == (3, "out\n", "err\n")
    much = clients.hythe(*flags, "run", "--rm", "busybox", "seq", "300000")
    assert much.out == "".join(f"{number}\n" for number in range(1, 300_001))
    environment = {"DOCKER_HOST": address, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(keys)}
    assert clients.hythe("ps", "-q", env=environment).code == 0


def test_the_end_of_input_is_not_the_end_of_output_over_tls(
    clients: Clients, secured: tuple[Target, str, Path]
) -> None:
    environment = {"DOCKER_HOST": secured[1], "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(secured[2])}
    script = "cat; sleep 0.3; echo over"
    run = clients.hythe(
        "run", "--rm", "-i", "busybox", "sh", "-c", script, stdin=b"in\n" * 50_000, env=environment
    )
    assert run.out == "in\n" * 50_000 + "over\n"


def test_who_is_not_trusted_is_told_so(clients: Clients, secured: tuple[Target, str, Path]) -> None:
    _, address, keys = secured
    without = clients.hythe("-H", address, "--tls", "ps")
    assert without.code == 1
    assert "--tlscert" in without.err
    unknown = clients.hythe(
        "-H", address, "--tlsverify", f"--tlscert={keys}/cert.pem", f"--tlskey={keys}/key.pem", "ps"
    )
    assert unknown.code == 1
    assert "--tlscacert" in unknown.err
    assert "Traceback" not in without.err + unknown.err


def test_what_the_configuration_asks_for(clients: Clients, secured: tuple[Target, str, Path]) -> None:
    """Formats, proxies: the same config.json for both."""
    host = secured[0].host
    clients.folder.mkdir()
    (clients.folder / "config.json").write_text(
        json.dumps(
            {
                "psFormat": "table {{.Names}}\\t{{.Image}}", "imagesFormat": "{{.Repository}}/{{.Tag}}",
                "networksFormat": "{{.Name}}={{.Driver}}", "volumesFormat": "{{.Name}}",
                "proxies": {"default": {"httpProxy": "http://p:1", "noProxy": "a,b"}, "tcp://x:1": {"ftpProxy": "f"}},
            }
        )
    )  # fmt: skip
    run = ["run", "--rm", "--hostname", "h", "-e", "http_proxy=mine", "busybox", "env"]
    for line in (
        "ps -a",
        "ps -aq",
        "images",
        "images --format {{.Tag}}",
        "network ls",
        "volume ls",
        " ".join(run),
    ):
        theirs, ours = (client("-H", host, *line.split()) for client in (clients.docker, clients.hythe))
        assert (sorted(theirs.out.split()), theirs.code) == (sorted(ours.out.split()), ours.code), line
    assert "HTTP_PROXY=http://p:1" in ours.out
    assert "NAMES" in clients.hythe("-H", host, "ps").out
    (clients.folder / "config.json").write_text("{not json")
    broken = clients.hythe("ps")
    assert broken.code == 1
    assert f"{clients.folder}/config.json:1:2" in broken.err
