"""Who is let in: the sockets' modes and groups, tcp with certificates of both sides, and no other way by accident."""

from __future__ import annotations

import grp
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import hythe
from hythe.errors import Unavailable
from tests.targets import Target, hythe_command, start_hythe

pytestmark = pytest.mark.root


def openssl(*arguments: str, cwd: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


def certificates(folder: Path) -> Path:
    """ca.pem, and cert.pem and key.pem that serve both sides."""
    folder.mkdir(parents=True)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=ca",
            "-keyout", "ca-key.pem", "-out", "ca.pem", cwd=folder)  # fmt: skip
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=engine",
            "-keyout", "key.pem", "-out", "request.pem", cwd=folder)  # fmt: skip
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial",
            "-extfile", "names", "-out", "cert.pem", cwd=folder)  # fmt: skip
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(root: Path) -> Iterator[tuple[Target, str, Path]]:
    """(engine, its address, the folder of certificates)."""
    keys, address = certificates(root / "keys"), f"tcp://127.0.0.1:{free_port()}"
    options = [
        f"--tls-{name}={keys / file}"
        for name, file in (("ca", "ca.pem"), ("cert", "cert.pem"), ("key", "key.pem"))
    ]
    with start_hythe(root, "-H", address, *options) as engine:
        yield engine, address, keys


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Target, str, Path]]:
    with served(tmp_path_factory.mktemp("door")) as running:
        yield running


def docker(
    secured: tuple[Target, str, Path], keys: Path, *arguments: str, stdin: bytes = b""
) -> subprocess.CompletedProcess[str]:
    tls = [
        "--tlsverify",
        f"--tlscacert={keys / 'ca.pem'}",
        f"--tlscert={keys / 'cert.pem'}",
        f"--tlskey={keys / 'key.pem'}",
    ]
    return subprocess.run(
        ["docker", "-H", secured[1], *tls, *arguments],
        input=stdin.decode(),
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_a_container_over_tls(secured: tuple[Target, str, Path]) -> None:
    run = docker(secured, secured[2], "run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (run.returncode, run.stdout, run.stderr) == (3, "out\n", "err\n")


def test_much_output_over_tls(secured: tuple[Target, str, Path]) -> None:
    run = docker(secured, secured[2], "run", "--rm", "busybox", "seq", "300000")
    assert run.stdout == "".join(f"{number}\n" for number in range(1, 300_001))


def test_an_exec_over_tls(secured: tuple[Target, str, Path]) -> None:
    docker(secured, secured[2], "run", "-d", "--name", "one", "busybox", "sleep", "1000")
    run = docker(secured, secured[2], "exec", "one", "echo", "inside")
    assert (run.returncode, run.stdout) == (0, "inside\n")
    docker(secured, secured[2], "rm", "-f", "one")


def test_input_over_tls(secured: tuple[Target, str, Path]) -> None:
    command = ["docker", "-H", secured[1], "--tlsverify", f"--tlscacert={secured[2] / 'ca.pem'}",
               f"--tlscert={secured[2] / 'cert.pem'}", f"--tlskey={secured[2] / 'key.pem'}",
               "run", "--rm", "-i", "busybox", "sh", "-c", "read x; echo got $x"]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdin and client.stdout
        client.stdin.write("it\n")
        client.stdin.flush()
        assert client.stdout.readline() == "got it\n"
        assert client.wait(30) == 0


def test_the_end_of_input_is_not_the_end_of_output_over_tls(secured: tuple[Target, str, Path]) -> None:
    """TLS's half-close, as the docker CLI uses it."""
    script = "cat; sleep 0.3; echo over"
    run = docker(
        secured, secured[2], "run", "--rm", "-i", "busybox", "sh", "-c", script, stdin=b"in\n" * 50_000
    )
    assert run.stdout == "in\n" * 50_000 + "over\n"


@pytest.fixture
def trusted(secured: tuple[Target, str, Path], monkeypatch: pytest.MonkeyPatch) -> str:
    """The address, with the environment that leads docker's and hythe's clients to the certificates."""
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(secured[2]))
    return secured[1]


async def test_the_asynchronous_client_over_tls(trusted: str) -> None:
    sent = b"in\n" * 50_000
    async with hythe.connect_async(trusted) as client:
        done = await client.containers.check_output(
            "busybox", ["sh", "-c", "cat; sleep 0.3; echo over"], input=sent
        )
        assert done.stdout == sent + b"over\n"
        assert [each.name for each in await client.containers.summaries(all=True)] == []


async def test_the_asynchronous_client_trusts_no_other(
    secured: tuple[Target, str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(certificates(tmp_path / "others")))
    async with hythe.connect_async(secured[1]) as client:
        with pytest.raises(Unavailable, match="certificate"):
            await client.ping()


def test_a_certificate_of_others_is_turned_away(secured: tuple[Target, str, Path], tmp_path: Path) -> None:
    others = certificates(tmp_path / "others")
    (others / "ca.pem").write_bytes((secured[2] / "ca.pem").read_bytes())
    for arguments in (["version"], ["ps"]):
        assert docker(secured, others, *arguments).returncode == 1


def test_no_certificate_is_turned_away(secured: tuple[Target, str, Path]) -> None:
    plain = subprocess.run(["docker", "-H", secured[1], "ps"], capture_output=True, text=True, timeout=30)
    anonymous = subprocess.run(
        ["docker", "-H", secured[1], "--tls", "ps"], capture_output=True, text=True, timeout=30
    )
    assert (plain.returncode, anonymous.returncode) == (1, 1)


def refused(root: Path, *options: str) -> str:
    """What the daemon says when it does not start."""
    root.mkdir(exist_ok=True)
    done = subprocess.run([*hythe_command(root), *options], capture_output=True, text=True, timeout=30)
    assert done.returncode != 0
    return done.stderr


def test_tcp_without_certificates_needs_the_words(tmp_path: Path) -> None:
    assert "--tcp-without-tls" in refused(tmp_path, "-H", f"tcp://127.0.0.1:{free_port()}")
    assert "without TLS" in refused(tmp_path, "-H", f"tcp://0.0.0.0:{free_port()}", "--tcp-without-tls")
    assert "tls-ca" in refused(
        tmp_path, "-H", f"tcp://127.0.0.1:{free_port()}", "--tls-cert", "/nosuch", "--tls-key", "/nosuch"
    )


def test_the_socket_belongs_to_the_group_named(tmp_path: Path) -> None:
    assert "there is no group 'nosuchgroup'" in refused(tmp_path / "a", "--group", "nosuchgroup")
    with start_hythe(tmp_path, "--group", "daemon") as engine:
        status = os.stat(engine.host.removeprefix("unix://"))
        assert (status.st_mode & 0o777, status.st_uid) == (0o660, 0)
        assert status.st_gid == grp.getgrnam("daemon").gr_gid
