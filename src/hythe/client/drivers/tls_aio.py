"""A connection with TLS on it, on asyncio: the twin of `client.tls_socket`.

The two halves have those methods of asyncio.StreamReader and StreamWriter that `http1_aio.Connection` uses. Nothing is
read ahead of who reads: a fast daemon fills no memory here.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from hythe.client.address import Address
from hythe.client.tls import PIECE, Encryption

_LINE: Final = 64 * 1024


class Reader:
    """The decrypted half."""

    def __init__(self, plain: asyncio.StreamReader, encryption: Encryption) -> None:
        self._plain, self._encryption = plain, encryption
        self._line = b""  # what was read of a line that was given up waiting for

    async def read(self, size: int) -> bytes:
        """What has arrived, b"" at the end; waits for the first byte."""
        if self._line:
            data, self._line = self._line[:size], self._line[size:]
            return data
        while (clear := self._encryption.take(size)) is None:
            self._encryption.put(await self._plain.read(PIECE))
        return clear

    async def readline(self) -> bytes:
        """With its end, without if the stream ends before. Raises ValueError for one that is too long."""
        while b"\n" not in self._line:
            if len(self._line) > _LINE:
                raise ValueError("the line is too long")
            kept, self._line = self._line, b""
            try:
                piece = await self.read(_LINE)
            finally:
                self._line = kept
            if not piece:
                self._line = b""
                return kept
            self._line += piece
        line, end, self._line = self._line.partition(b"\n")
        return line + end

    def at_eof(self) -> bool:
        return not self._line and self._plain.at_eof()


class Writer:
    """The half that is encrypted."""

    def __init__(self, plain: asyncio.StreamWriter, encryption: Encryption) -> None:
        self._plain, self._encryption = plain, encryption

    def write(self, data: bytes) -> None:
        self._plain.write(self._encryption.encrypt(data))

    async def drain(self) -> None:
        await self._plain.drain()

    def write_eof(self) -> None:
        """End this half: the other goes on."""
        self._plain.write(self._encryption.end_writing())

    def is_closing(self) -> bool:
        return self._plain.is_closing()

    def get_extra_info(self, name: str) -> Any:
        return self._plain.get_extra_info(name)

    def close(self) -> None:
        self._plain.close()

    async def wait_closed(self) -> None:
        await self._plain.wait_closed()


async def secured(
    plain: tuple[asyncio.StreamReader, asyncio.StreamWriter], address: Address
) -> tuple[Reader, Writer]:
    """Both halves after the handshake. Raises ssl.SSLError, which is an OSError, when the peer is not trusted."""
    reader, writer = plain
    try:
        encryption = Encryption(address)
        await _handshake(reader, writer, encryption)
    except BaseException:
        writer.close()
        raise
    return Reader(reader, encryption), Writer(writer, encryption)


async def _handshake(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, encryption: Encryption
) -> None:
    done = False
    while not done:
        try:
            done = encryption.handshake()
        finally:
            writer.write(encryption.leaving())
        await writer.drain()
        if not done:
            encryption.put(await reader.read(PIECE))
