"""docker's context store: named daemons, with their certificates, below the configuration's folder.

    contexts/meta/SHA256-OF-THE-NAME/meta.json          {"Name": ..., "Metadata": {...}, "Endpoints": {"docker": {...}}}
    contexts/tls/SHA256-OF-THE-NAME/docker/ca.pem       and cert.pem, key.pem

What other programs keep in a context (further endpoints, fields of the metadata) stays in it when it is changed here.
A context appears by one rename, so nobody sees half of one; its certificates are in place before. The context
"default" is in no file: it is what is used where nothing was chosen.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from hythe.base.files import write_atomic
from hythe.client.address import Tls
from hythe.errors import Conflict, InvalidArgument, NotFound, SyntaxProblem

TLS_FILES: Final = ("ca", "cert", "key")
_NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.+-]+")

Json = dict[str, Any]


@dataclass(frozen=True)
class Endpoint:
    """Where the daemon is; `skip_verify`: whatever certificate it has."""

    host: str
    skip_verify: bool = False


@dataclass(frozen=True)
class Context:
    """`others` are endpoints that are not docker's."""

    name: str
    endpoint: Endpoint
    metadata: Json = field(default_factory=dict)
    others: Json = field(default_factory=dict)

    @property
    def description(self) -> str:
        return str(self.metadata.get("Description", ""))

    def to_json(self) -> Json:
        docker = {"Host": self.endpoint.host, "SkipTLSVerify": self.endpoint.skip_verify}
        return {"Name": self.name, "Metadata": self.metadata, "Endpoints": {**self.others, "docker": docker}}


def from_json(value: Any, where: str) -> Context:
    """Raises SyntaxProblem for what is no context."""
    if not isinstance(value, dict) or not isinstance(value.get("Name"), str):
        raise SyntaxProblem("this is no context: it has no name", file=where, line=1, column=1)
    endpoints = dict(value.get("Endpoints") or {})
    docker = endpoints.pop("docker", None) or {}
    endpoint = Endpoint(str(docker.get("Host") or ""), bool(docker.get("SkipTLSVerify")))
    return Context(value["Name"], endpoint, dict(value.get("Metadata") or {}), endpoints)


def checked_name(name: str) -> str:
    if name == "default":
        raise InvalidArgument('"default" is a reserved context name', hint="take another")
    if not _NAME.fullmatch(name):
        raise InvalidArgument(
            f"invalid context name {name!r}",
            hint="two letters or more: letters, digits, and _ . + - after the first",
        )
    return name


class ContextStore:
    """The contexts of one configuration folder."""

    def __init__(self, folder: str) -> None:
        self._root = Path(folder, "contexts")

    def meta_folder(self, name: str) -> Path:
        return self._root / "meta" / sha256(name.encode()).hexdigest()

    def tls_folder(self, name: str) -> Path:
        return self._root / "tls" / sha256(name.encode()).hexdigest()

    def all(self) -> list[Context]:
        """In the order of their names."""
        found = [self._read(path) for path in sorted(self._root.glob("meta/*/meta.json"))]
        return sorted(found, key=lambda context: context.name)

    def exists(self, name: str) -> bool:
        return (self.meta_folder(name) / "meta.json").is_file()

    def get(self, name: str) -> Context:
        """Raises NotFound."""
        if not self.exists(name):
            raise NotFound(f'context "{name}" not found', hint="see hythe context ls")
        return self._read(self.meta_folder(name) / "meta.json")

    def tls(self, name: str) -> Tls | None:
        """Its certificates, None where it has none and none are needed."""
        endpoint = self.get(name).endpoint
        files = {kind: self.tls_folder(name) / "docker" / f"{kind}.pem" for kind in TLS_FILES}
        there = {kind: str(path) for kind, path in files.items() if path.is_file()}
        if not there and not endpoint.skip_verify:
            return None
        ca, cert, key = (there.get(kind, "") for kind in TLS_FILES)
        return Tls(ca, cert, key, not endpoint.skip_verify)

    def material(self, name: str) -> dict[str, bytes]:
        """The content of its certificates, by kind."""
        folder = self.tls_folder(name) / "docker"
        return {
            kind: (folder / f"{kind}.pem").read_bytes()
            for kind in TLS_FILES
            if (folder / f"{kind}.pem").is_file()
        }

    def put(self, context: Context, material: dict[str, bytes] | None = None) -> None:
        """Make it, or change it; `material` replaces its certificates, None leaves them."""
        if material is not None:
            shutil.rmtree(self.tls_folder(context.name), ignore_errors=True)
            for kind, data in material.items():
                folder = self.tls_folder(context.name) / "docker"
                folder.mkdir(0o700, parents=True, exist_ok=True)
                write_atomic(folder / f"{kind}.pem", data, 0o600)
        folder = self.meta_folder(context.name)
        folder.mkdir(0o755, parents=True, exist_ok=True)
        write_atomic(folder / "meta.json", json.dumps(context.to_json(), separators=(",", ":")).encode())

    def create(self, context: Context, material: dict[str, bytes]) -> None:
        """Raises Conflict where there is one of that name."""
        if self.exists(checked_name(context.name)):
            raise Conflict(
                f'context "{context.name}" already exists',
                hint=f"hythe context rm {context.name}, or another name",
            )
        self.put(context, material)

    def remove(self, name: str) -> None:
        """Raises NotFound."""
        self.get(name)
        shutil.rmtree(self.meta_folder(name))
        shutil.rmtree(self.tls_folder(name), ignore_errors=True)

    @staticmethod
    def _read(path: Path) -> Context:
        try:
            return from_json(json.loads(path.read_bytes()), str(path))
        except ValueError as error:
            raise SyntaxProblem("it is not JSON", file=str(path), line=1, column=1) from error
