"""Flags over the file over defaults; mistakes are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from hythe.daemon.config import load
from hythe.daemon.sockets import parse
from hythe.errors import HytheError, InvalidArgument


def test_defaults_of_root_and_of_others() -> None:
    root = load([], {}, uid=0)
    assert (root.data_root, root.hosts) == (Path("/var/lib/hythe"), ("unix:///run/hythe/hythe.sock",))
    other = load([], {"HOME": "/home/u", "XDG_RUNTIME_DIR": "/run/user/7"}, uid=7)
    assert (other.data_root, other.exec_root) == (
        Path("/home/u/.local/share/hythe"),
        Path("/run/user/7/hythe"),
    )


def test_flags_win_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "daemon.toml"
    file.write_text('data-root = "/a"\nlog-level = "debug"\nhosts = ["unix:///s"]\non-exit = "stop"\n')
    config = load(["--config-file", str(file), "--data-root", "/b"], {}, uid=0)
    assert (config.data_root, config.log_level, config.on_exit) == (Path("/b"), "debug", "stop")
    assert config.hosts == ("unix:///s",)


def test_registries_of_flags_are_added_to_those_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "daemon.toml"
    file.write_text('insecure-registries = ["r.lan:5000", "10.0.0.0/8"]\nregistry-certs = "/certs"\n')
    config = load(["--config-file", str(file), "--insecure-registry", "s.lan"], {}, uid=0)
    assert config.insecure_registries == ("r.lan:5000", "10.0.0.0/8", "s.lan")
    assert config.registry_certs == Path("/certs")


def test_the_socket_follows_the_exec_root() -> None:
    assert load(["--exec-root", "/tmp/x"], {}, uid=0).hosts == ("unix:///tmp/x/hythe.sock",)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('dataroot = "/a"', "unknown key 'dataroot'"),
        ("data-root = 3", "data-root must be a string"),
        ('hosts = "unix:///s"', "hosts must be a list"),
        ("data-root", "daemon.toml"),
        ('log-level = "loud"', "unknown log level"),
        ('pool = "8.8.0.0/16"', "invalid pool"),
        ('pool = "10.0.0.0/24"', "invalid pool"),
        ('tls-cert = "/c"', "belong together"),
        ('runtimes = "runc"', "runtimes must be tables"),
        ("[runtimes.x]", r"runtimes\.x needs a path"),
        ('[runtimes.x]\npath = "/bin/sh"\nargv = []', "unknown key 'argv'"),
        ('[runtimes.x]\npath = "/bin/sh"\nargs = "a"', r"runtimes\.x\.args must be a list"),
        ('[runtimes.x]\npath = "sh"', "not absolute: sh"),
        ('[runtimes.x]\npath = "/nowhere"', "not an executable file: /nowhere"),
        ('[runtimes.hythe]\npath = "/bin/sh"', "invalid runtime name 'hythe'"),
        ('insecure-registries = "r:5000"', "insecure-registries must be a list"),
        ('insecure-registries = ["http://r:5000"]', "invalid insecure registry"),
        ('insecure-registries = ["10.0.0.0/99"]', "invalid insecure registry"),
        ('registry-mirrors = ["mirror.lan"]', "invalid mirror"),
        ('registry-mirrors = ["https://a:b@mirror.lan"]', "a URL with a password"),
        ('token-hosts = ["https://login.lan"]', "invalid token host"),
        ('default-runtime = "nosuch"', "unknown or invalid runtime name: nosuch"),
    ],
)
def test_mistakes_in_the_file(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "daemon.toml"
    file.write_text(text)
    with pytest.raises(InvalidArgument, match=named):
        load(["--config-file", str(file)], {}, uid=0)


def test_runtimes_of_file_and_flags(tmp_path: Path) -> None:
    file = tmp_path / "daemon.toml"
    file.write_text(
        'default-runtime = "one"\n[runtimes.one]\npath = "/bin/sh"\nargs = ["-x"]\n[runtimes.two]\npath = "/bin/sh"\n'
    )
    config = load(["--config-file", str(file), "--add-runtime", "two=/bin/ls"], {}, uid=0)
    assert config.default_runtime == "one"
    assert config.runtimes == {
        "one": {"name": "one", "path": "/bin/sh", "args": ["-x"]},
        "two": {"name": "two", "path": "/bin/ls", "args": []},
    }


@pytest.mark.parametrize("flag", ["runc", "=/bin/sh", "x="])
def test_mistakes_in_a_runtime_flag(flag: str) -> None:
    with pytest.raises(InvalidArgument, match=r"invalid (--add-runtime|runtime name)"):
        load(["--add-runtime", flag], {}, uid=0)


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="no configuration file"):
        load(["--config-file", str(tmp_path / "none")], {}, uid=0)


def test_hosts() -> None:
    assert parse("unix:///run/x.sock").path == Path("/run/x.sock")
    assert (parse("tcp://127.0.0.1:99").host, parse("tcp://127.0.0.1").port) == ("127.0.0.1", 2375)
    assert parse("tcp://[::1]:5").host == "::1"
    for text in ("", "unix://relative", "tcp://h:port", "http://x", "fd://", "unix:///" + "a" * 200):
        with pytest.raises(HytheError):
            parse(text)
