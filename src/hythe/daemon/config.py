"""What the daemon is told: flags over the configuration file over defaults.

The file is TOML with the flags' names as keys: `data-root = "/srv/hythe"`, `hosts = [...]`. A key that is
not known, or a value of a wrong type, is an error that names it: a misspelt option is never ignored. Runtimes are
tables: see `daemon.runtimes`; for registries see `daemon.registries`.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from hythe.api.authorization.names import check_name
from hythe.daemon.registries import DEFAULT_CERTIFICATES, settings
from hythe.daemon.runtimes import check, from_flags, from_table
from hythe.errors import InvalidArgument
from hythe.runtime.protocol import Program

LEVELS: Final = ("debug", "info", "warning", "error")
ON_EXIT: Final = ("keep", "stop")
USERNS: Final = ("private", "host")
MAX_POOL_BITS: Final = 16
_SOCKET_PATH: Final = 107
_LISTS: Final = ("hosts", "insecure-registries", "registry-mirrors", "token-hosts", "authorization-plugins")


@dataclass(frozen=True)
class Config:
    """`on_exit`: whether containers run on when the daemon ends. `pool`: the range for their addresses.

    `cri`: where Kubernetes' CRI is served, "unix:///PATH", None for nowhere. `group`: who may use the unix sockets,
    None for the group hythe or docker. `userns`: whether containers get a user
    namespace of their own, or the host's.
    """

    data_root: Path
    exec_root: Path
    hosts: tuple[str, ...] = ()
    pidfile: Path | None = None
    log_level: str = "info"
    on_exit: str = "keep"
    pool: str | None = None
    userns: str = "private"
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_ca: Path | None = None
    group: str | None = None
    tcp_without_tls: bool = False
    runtimes: Mapping[str, Program] = field(default_factory=dict)
    default_runtime: str = "hythe"
    insecure_registries: tuple[str, ...] = ()
    registry_mirrors: tuple[str, ...] = ()
    registry_certs: Path = DEFAULT_CERTIFICATES
    token_hosts: tuple[str, ...] = ()
    metrics_addr: str | None = None
    authorization_plugins: tuple[str, ...] = ()
    cri: str | None = None
    ready_fd: int | None = field(default=None, compare=False)


def defaults(environment: Mapping[str, str], uid: int) -> tuple[Config, Path]:
    """(configuration, path of the file) for root or, by the XDG directories, for an ordinary user."""
    if uid == 0:
        config = Config(Path("/var/lib/hythe"), Path("/run/hythe"))
        file = Path("/etc/hythe/daemon.toml")
    else:
        home = Path(environment.get("HOME", "/"))
        data = Path(environment.get("XDG_DATA_HOME") or home / ".local/share")
        run = Path(environment.get("XDG_RUNTIME_DIR") or f"/run/user/{uid}")
        conf = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
        config, file = Config(data / "hythe", run / "hythe"), conf / "hythe/daemon.toml"
    return replace(config, hosts=(f"unix://{config.exec_root}/hythe.sock",)), file


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="hythe daemon", description="Run the daemon in the foreground.")
    result.add_argument("--data-root", metavar="DIR", help="what outlives a reboot")
    result.add_argument("--exec-root", metavar="DIR", help="what does not: sockets and bundles")
    result.add_argument("-H", "--host", dest="hosts", action="append", metavar="unix://PATH|tcp://ADDR:PORT")
    result.add_argument("--config-file", metavar="FILE")
    result.add_argument("--pidfile", metavar="FILE")
    result.add_argument("--log-level", metavar="LEVEL", help=", ".join(LEVELS))
    result.add_argument("--on-exit", metavar="keep|stop", help="what becomes of running containers")
    result.add_argument("--pool", metavar="CIDR", help="the range of addresses for containers")
    result.add_argument("--userns", metavar="private|host", help="the user namespace of containers")
    for name, what in (("cert", "certificate"), ("key", "private key"), ("ca", "CA for clients")):
        result.add_argument(f"--tls-{name}", metavar="FILE", help=f"{what}, for -H tcp://")
    result.add_argument("--group", metavar="NAME", help="the group that may use the unix sockets")
    result.add_argument(
        "--tcp-without-tls",
        action="store_true",
        default=None,
        help="listen on loopback for every user of this machine, who is root here by that",
    )
    result.add_argument("--add-runtime", dest="runtimes", action="append", metavar="NAME=PATH",
                        help="an OCI runtime for `run --runtime NAME`")  # fmt: skip
    result.add_argument("--default-runtime", metavar="NAME", help="for containers that name none")
    result.add_argument("--insecure-registry", dest="insecure_registries", action="append", metavar="HOST[:PORT]",
                        help="may be spoken to by plain HTTP, or whatever its certificate")  # fmt: skip
    result.add_argument("--registry-mirror", dest="registry_mirrors", action="append", metavar="URL",
                        help="is asked first for what docker.io has")  # fmt: skip
    result.add_argument("--authorization-plugin", dest="authorization_plugins", action="append", metavar="NAME",
                        help="is asked about every request")  # fmt: skip
    result.add_argument("--metrics-addr", metavar="ADDRESS:PORT", help="where GET /metrics is answered")
    result.add_argument("--cri", metavar="unix://PATH", help="serve Kubernetes' container runtime interface")
    result.add_argument("--ready-fd", type=int, metavar="N", help="write a byte here once it answers")
    return result


def load(argv: Sequence[str], environment: Mapping[str, str] | None = None, uid: int | None = None) -> Config:
    """The whole configuration. Raises InvalidArgument; exits as argparse does for unknown flags."""
    flags = {key: value for key, value in vars(parser().parse_args(argv)).items() if value is not None}
    base, default_file = defaults(environment or os.environ, os.getuid() if uid is None else uid)
    chosen = flags.pop("config_file", None)
    file = Path(chosen) if chosen else default_file
    told = _read(file, must_exist=chosen is not None)
    merged = told | flags
    for name in ("insecure_registries", "registry_mirrors", "authorization_plugins"):
        merged[name] = [*told.get(name, []), *flags.get(name, [])]
    merged["runtimes"] = from_table(told.get("runtimes", {}), file) | from_flags(flags.get("runtimes", []))
    if "exec_root" in merged and "hosts" not in merged:
        merged["hosts"] = [f"unix://{merged['exec_root']}/hythe.sock"]
    return _validated(replace(base, **_typed(merged)))


def _read(path: Path, *, must_exist: bool) -> dict[str, Any]:
    """The file's keys as attribute names."""
    try:
        text = path.read_bytes()
    except FileNotFoundError as error:
        if must_exist:
            raise InvalidArgument(f"no configuration file at {path}") from error
        return {}
    try:
        document = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidArgument(f"{path}: {error}") from error
    known = {name.replace("_", "-"): name for name in Config.__dataclass_fields__ if name != "ready_fd"}
    for key, value in document.items():
        if key not in known:
            raise InvalidArgument(
                f"{path}: unknown key {key!r}", hint=f"known are {', '.join(sorted(known))}"
            )
        _check_type(path, key, value)
    return {known[key]: value for key, value in document.items()}


def _check_type(path: Path, key: str, value: object) -> None:
    if key == "runtimes":
        return  # `daemon.runtimes` knows their shape
    if key == "tcp-without-tls":
        right = isinstance(value, bool)
    elif key in _LISTS:
        right = isinstance(value, list) and all(isinstance(item, str) for item in value)
    else:
        right = isinstance(value, str)
    if not right:
        wanted = "a list of strings" if key in _LISTS else "a string"
        wanted = "true or false" if key == "tcp-without-tls" else wanted
        raise InvalidArgument(f"{path}: {key} must be {wanted}, not {value!r}")


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    paths = ("data_root", "exec_root", "pidfile", "tls_cert", "tls_key", "tls_ca", "registry_certs")
    result: dict[str, Any] = {k: Path(v).absolute() if k in paths else v for k, v in values.items()}
    for name in (key.replace("-", "_") for key in _LISTS):
        if name in result:
            result[name] = tuple(result[name])
    return result


def _validated(config: Config) -> Config:
    if config.log_level not in LEVELS:
        raise InvalidArgument(f"unknown log level {config.log_level!r}", hint=f"use {', '.join(LEVELS)}")
    if config.on_exit not in ON_EXIT:
        raise InvalidArgument(f"unknown on-exit {config.on_exit!r}", hint="use keep or stop")
    if config.userns not in USERNS:
        raise InvalidArgument(f"unknown userns {config.userns!r}", hint=f"use {' or '.join(USERNS)}")
    if config.data_root == config.exec_root:
        raise InvalidArgument(f"data-root and exec-root must differ, both are {config.data_root}")
    if not config.hosts:
        raise InvalidArgument("no host to listen on", hint="give -H unix:///PATH")
    if bool(config.tls_cert) != bool(config.tls_key):
        raise InvalidArgument("tls-cert and tls-key belong together: one of them is missing")
    check(config.runtimes, config.default_runtime)
    settings(config.insecure_registries, config.registry_mirrors, config.registry_certs, config.token_hosts)
    for name in config.authorization_plugins:
        check_name(name)
    if config.metrics_addr is not None:
        host_and_port(config.metrics_addr)
    if config.pool is not None:
        _check_pool(config.pool)
    if config.cri is not None:
        cri_path(config.cri)
    return config


def host_and_port(text: str) -> tuple[str, int]:
    """Of metrics-addr, "127.0.0.1:9323" or "[::1]:9323". Raises InvalidArgument."""
    host, _, port = text.rpartition(":")
    try:
        address = str(ipaddress.ip_address(host.removeprefix("[").removesuffix("]")))
    except ValueError:
        address = ""
    if not address or not port.isdecimal() or not 0 < int(port) < 65536:
        raise InvalidArgument(f"invalid metrics-addr {text!r}", hint="an address and a port: 127.0.0.1:9323")
    return address, int(port)


def cri_path(text: str) -> Path:
    """Of cri, "unix:///run/hythe/cri.sock". Raises InvalidArgument."""
    path = Path(text.removeprefix("unix://"))
    if not text.startswith("unix://") or not path.is_absolute() or len(bytes(path)) > _SOCKET_PATH:
        raise InvalidArgument(
            f"invalid cri {text!r}", hint=f"unix:// and an absolute path of at most {_SOCKET_PATH} bytes"
        )
    return path


def _check_pool(text: str) -> None:
    try:
        pool = ipaddress.IPv4Network(text)
    except ValueError as error:
        raise InvalidArgument(f"invalid pool {text!r}: {error}") from error
    if pool.prefixlen > MAX_POOL_BITS or not pool.is_private:
        raise InvalidArgument(
            f"invalid pool {text!r}: it must be private and hold a /{MAX_POOL_BITS}",
            hint="such as 10.224.0.0/12",
        )
