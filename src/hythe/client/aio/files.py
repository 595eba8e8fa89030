"""A container's files from outside: running or not, as archives or one by one."""

from __future__ import annotations

import io
import os
import tarfile

from hythe.client.aio.stream import AsyncStream, stream
from hythe.client.decoding import Pieces
from hythe.client.drivers.aio import AsyncBody, Driver
from hythe.client.values.containers import Change
from hythe.errors import InvalidArgument


class AsyncContainerFiles:
    """The part of a container that is its file system."""

    id: str
    _driver: Driver

    async def get_archive(self, path: str) -> AsyncStream[bytes]:
        """The pieces of a tar of `path`, whose first entry has its last name. Raises NotFound."""
        answer = await self._driver.stream("GET", f"/containers/{self.id}/archive", {"path": path})
        return stream(self._driver, answer, Pieces())

    async def put_archive(self, path: str, archive: AsyncBody) -> None:
        """Unpack a tar (bytes, an open file, or pieces) in the directory `path`."""
        await self._driver.upload("PUT", f"/containers/{self.id}/archive", {"path": path}, archive)

    async def read_file(self, path: str) -> bytes:
        """The content of one file. Raises NotFound; InvalidArgument where it is no file."""
        data = b"".join([piece async for piece in await self.get_archive(path)])
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            member = archive.next()
            content = archive.extractfile(member) if member and member.isfile() else None
            if content is None:
                raise InvalidArgument(f"{path} in {self.id[:12]} is no regular file", hint="use get_archive")
            return content.read()

    async def write_file(
        self, path: str, content: bytes, *, mode: int = 0o644, uid: int = 0, gid: int = 0
    ) -> None:
        """Make or replace one file; its directory must exist."""
        folder, name = os.path.split(path)
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.uid, member.gid = len(content), mode, uid, gid
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            archive.addfile(member, io.BytesIO(content))
        await self.put_archive(folder or "/", out.getvalue())

    async def changes(self) -> tuple[Change, ...]:
        """What is not as the image has it."""
        answer = await self._driver.call("GET", f"/containers/{self.id}/changes")
        return tuple(map(Change.read, answer or ()))

    async def export(self) -> AsyncStream[bytes]:
        """The pieces of a tar of all its files."""
        answer = await self._driver.stream("GET", f"/containers/{self.id}/export")
        return stream(self._driver, answer, Pieces())
