"""The file system of a container from outside: copying in and out, and export."""

from __future__ import annotations

import json
from collections.abc import Iterator

from hythe.client.http1 import Body
from hythe.client.transport import Json, Transport


class ContainerFiles:
    """/containers/{id}/archive and /export. Archives are tar streams."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def archive_stat(self, ref: str, path: str) -> Json:
        """name, size, mode (Go's os.FileMode bits), mtime, linkTarget of a path in it."""
        return _stat(self._transport.head(f"/containers/{ref}/archive", {"path": path}))

    def archive_get(self, ref: str, path: str) -> tuple[Iterator[bytes], Json]:
        """A tar of `path`, whose first entry carries its base name, and its stat."""
        head, pieces = self._transport.stream("GET", f"/containers/{ref}/archive", {"path": path})
        return pieces, _stat(head.headers)

    def archive_put(
        self, ref: str, path: str, archive: Body, *, no_overwrite: bool = False, copy_owner: bool = False
    ) -> None:
        """Unpack a tar into the directory `path`; `no_overwrite`: a file does not replace a directory."""
        query = {
            "path": path,
            "noOverwriteDirNonDir": "true" if no_overwrite else None,
            "copyUIDGID": "true" if copy_owner else None,
        }
        self._transport.upload("PUT", f"/containers/{ref}/archive", query, archive)

    def export(self, ref: str) -> Iterator[bytes]:
        """All of its file system as a tar."""
        return self._transport.stream("GET", f"/containers/{ref}/export")[1]


def _stat(headers: object) -> Json:
    import base64  # only here is it needed, and every command pays for what is imported above

    text = headers.get("x-docker-container-path-stat", "") if hasattr(headers, "get") else ""
    value: Json = json.loads(base64.b64decode(text)) if text else {}
    return value
