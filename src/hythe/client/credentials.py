"""The user's credentials for registries, kept where docker keeps them: $DOCKER_CONFIG/config.json, or ~/.docker.

    {"auths": {"localhost:5000": {"auth": "<name:password in base64>"}}, "credsStore": "pass", "credHelpers": {}}

A *helper* is a program of the user's, `docker-credential-NAME`, that keeps secrets outside of the file (docker's
credential-helpers protocol): asked `get`, `store` or `erase`, a server's address or a JSON object on standard input.
Everything else in the file is left as it is.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from pathlib import Path
from typing import Any, Final

from hythe.base.files import write_atomic
from hythe.errors import InvalidArgument, SystemProblem

DOCKER_HUB: Final = "https://index.docker.io/v1/"
_HUB_NAMES: Final = ("docker.io", "index.docker.io", "registry-1.docker.io")
_TOKEN_USER: Final = "<token>"
_NOT_FOUND: Final = "credentials not found"

Json = dict[str, Any]


def default_path() -> Path:
    folder = os.environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker") / "config.json"


def server_of(image: str) -> str:
    """The address under which the credentials for an image's registry are kept."""
    first, slash, _ = image.partition("/")
    named = slash and ("." in first or ":" in first or first == "localhost")
    return address(first) if named else DOCKER_HUB


def address(registry: str) -> str:
    """As it stands in the file: docker.io has its historical URL, others their host alone."""
    host = registry.partition("://")[2] or registry
    host = host.partition("/")[0]
    return DOCKER_HUB if host in _HUB_NAMES or not host else host


class Credentials:
    """The file at `path`; read when asked, so that nobody pays for it who needs none."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or default_path()

    def get(self, server: str) -> Json:
        """An AuthConfig of the Engine API; empty for a server that is not known."""
        config = self._read()
        helper = _helper(config, server)
        if helper:
            return _from_helper(helper, server)
        for name, entry in _auths(config).items():
            if address(name) == server:
                return _decoded(entry, server)
        return {}

    def for_image(self, image: str) -> Json:
        return self.get(server_of(image))

    def all(self) -> dict[str, Json]:
        """Every known server's, for a build, whose base images may come from any."""
        config = self._read()
        servers = {address(name) for name in (*_auths(config), *(config.get("credHelpers") or {}))}
        store = config.get("credsStore")
        if store:
            servers |= {address(name) for name in _listed(store)}
        found = {server: self.get(server) for server in sorted(servers)}
        return {server: auth for server, auth in found.items() if auth}

    def put(self, server: str, auth: Json) -> str | None:
        """Keep an AuthConfig; the name of the helper that has it, None if it stands in the file."""
        config = self._read()
        helper = _helper(config, server)
        token = auth.get("identitytoken")
        if helper:
            secret = {"ServerURL": server, "Username": _TOKEN_USER if token else auth.get("username", "")}
            _run(helper, "store", json.dumps(secret | {"Secret": token or auth.get("password", "")}))
            entry: Json = {}
        else:
            password = "" if token else auth.get("password", "")
            pair = f"{auth.get('username', '')}:{password}".encode()
            entry = {"auth": base64.b64encode(pair).decode()} | ({"identitytoken": token} if token else {})
        auths = {name: kept for name, kept in _auths(config).items() if address(name) != server}
        config["auths"] = auths | {server: entry}
        self._write(config)
        return helper

    def erase(self, server: str) -> bool:
        """Forget a server; whether it was known."""
        config = self._read()
        auths = _auths(config)
        names = [name for name in auths if address(name) == server]
        helper = _helper(config, server)
        if helper and (names or _from_helper(helper, server)):
            _run(helper, "erase", server)
        elif not names:
            return False
        config["auths"] = {name: kept for name, kept in auths.items() if name not in names}
        self._write(config)
        return True

    def _read(self) -> Json:
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise SystemProblem(f"cannot read {self._path}: {error.strerror}") from error
        try:
            config = json.loads(text or "{}")
        except ValueError as error:
            raise InvalidArgument(
                f"{self._path} is not JSON: {error}", hint="mend it, or move it away"
            ) from error
        if not isinstance(config, dict):
            raise InvalidArgument(f"{self._path} is not a JSON object", hint="mend it, or move it away")
        return config

    def _write(self, config: Json) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomic(self._path.resolve(), json.dumps(config, indent="\t").encode(), 0o600)
        except OSError as error:
            raise SystemProblem(f"cannot write {self._path}: {error.strerror}") from error


def _auths(config: Json) -> dict[str, Json]:
    auths = config.get("auths")
    return {name: entry or {} for name, entry in auths.items()} if isinstance(auths, dict) else {}


def _helper(config: Json, server: str) -> str | None:
    helpers = config.get("credHelpers") or {}
    for name, helper in helpers.items():
        if address(name) == server:
            return str(helper)
    return str(config["credsStore"]) if config.get("credsStore") else None


def _decoded(entry: Json, server: str) -> Json:
    """An entry of the file as an AuthConfig."""
    auth: Json = {"serveraddress": server}
    try:
        pair = base64.b64decode(entry.get("auth", ""), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise InvalidArgument(
            f"the credentials for {server} cannot be read: {error}", hint=f"hythe logout {server}"
        ) from error
    username, _, password = pair.partition(":")
    auth |= {
        "username": entry.get("username") or username,
        "password": entry.get("password") or password.strip("\0"),
    }
    auth |= {name: entry[name] for name in ("identitytoken", "registrytoken") if entry.get(name)}
    return auth if len(auth) > 1 and any(auth[name] for name in auth if name != "serveraddress") else {}


def _from_helper(helper: str, server: str) -> Json:
    answer = _run(helper, "get", server)
    if answer is None:
        return {}
    try:
        secret = json.loads(answer)
        username, password = str(secret["Username"]), str(secret["Secret"])
    except (ValueError, KeyError, TypeError) as error:
        raise SystemProblem(f"docker-credential-{helper} gave no credentials: {answer[:80]!r}") from error
    if username == _TOKEN_USER:
        return {"serveraddress": server, "identitytoken": password}
    return {"serveraddress": server, "username": username, "password": password}


def _listed(helper: str) -> list[str]:
    """The servers that a helper knows."""
    answer = _run(helper, "list", "")
    try:
        return list(json.loads(answer or "{}"))
    except ValueError as error:
        raise SystemProblem(f"docker-credential-{helper} gave no list: {answer!r}") from error


def _run(helper: str, verb: str, stdin: str) -> str | None:
    """What the helper says; None if it does not know the server."""
    import subprocess  # 10 ms, for those who have a helper

    program = f"docker-credential-{helper}"
    if "/" in helper:
        raise InvalidArgument(f"invalid credential helper {helper!r}", hint="a name, such as pass")
    try:
        done = subprocess.run([program, verb], input=stdin, capture_output=True, text=True, check=False)
    except OSError as error:
        raise SystemProblem(
            f"cannot run {program}: {error.strerror}",
            hint="install it, or remove it from docker's config.json",
        ) from error
    if done.returncode == 0:
        return done.stdout
    said = (done.stdout + done.stderr).strip()
    if _NOT_FOUND in said:
        return None
    raise SystemProblem(f"{program} {verb}: {said[:200]}")
