"""Registries that are not on loopback: TLS with a certificate that somebody vouches for, or what the user allows.

The daemon and the registries share a network namespace that has two more addresses on its loopback interface; one of
them is of a network that may be insecure.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.docker_registry import Registry, docker_registry
from tests.targets import Target, start_hythe

pytestmark = pytest.mark.root

STRICT, LENIENT = "198.51.100.1", "203.0.113.1"


@contextmanager
def namespace() -> Iterator[str]:
    name = f"registry{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        for address in (STRICT, LENIENT):
            subprocess.run(["ip", "-n", name, "address", "add", f"{address}/32", "dev", "lo"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    root = tmp_path_factory.mktemp("daemon")
    config = root / "daemon.toml"
    config.write_text(f'registry-certs = "{root / "certs"}"\ninsecure-registries = ["203.0.113.0/24"]\n')
    with namespace() as name:
        within = ("nsenter", f"--net=/run/netns/{name}")
        with start_hythe(root, "--config-file", str(config), within=within) as running:
            yield running


def keys(folder: Path) -> tuple[Path, Path, Path]:
    """(CA, certificate, key) for the address STRICT."""
    folder.mkdir()
    (folder / "names").write_text(f"subjectAltName=IP:{STRICT}")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for command in (
        ["req", "-x509", *curve, "-subj", "/CN=ca", "-keyout", "ca-key.pem", "-out", "ca.pem"],
        ["req", *curve, "-subj", "/CN=registry", "-keyout", "key.pem", "-out", "request.pem"],
        ["x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial",
         "-extfile", "names", "-out", "cert.pem"],
    ):  # fmt: skip
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    return folder / "ca.pem", folder / "cert.pem", folder / "key.pem"


def pushed_and_pulled(target: Target, registry: Registry) -> str:
    """What the client complains of; "" if all went well."""
    name = f"{registry.host}/app:1"
    assert target.docker("tag", "busybox", name).code == 0
    done = target.docker("push", "-q", name)
    if done.code == 0:
        assert target.docker("rmi", name).code == 0
        done = target.docker("pull", "-q", name)
    return done.err


def test_a_certificate_is_verified_with_the_registrys_own_ca(daemon: Target, tmp_path: Path) -> None:
    ca, certificate, key = keys(tmp_path / "keys")
    place = tmp_path / "registry"
    with docker_registry(daemon, place, address=STRICT, certificate=(certificate, key)) as registry:
        assert "the certificate cannot be verified" in pushed_and_pulled(daemon, registry)
        folder = daemon.root / "certs" / registry.host
        folder.mkdir(parents=True)
        (folder / "ca.crt").write_bytes(ca.read_bytes())
        assert pushed_and_pulled(daemon, registry) == ""


def test_plain_http_only_where_it_is_allowed(daemon: Target, tmp_path: Path) -> None:
    with docker_registry(daemon, tmp_path / "strict", address=STRICT) as registry:
        assert f'"https://{registry.host}/v2/"' in pushed_and_pulled(daemon, registry)
    with docker_registry(daemon, tmp_path / "lenient", address=LENIENT) as registry:
        assert pushed_and_pulled(daemon, registry) == ""
