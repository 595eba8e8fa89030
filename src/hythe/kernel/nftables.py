"""The packet filter through libnftables: commands in nft's own language or JSON, answers in either.

One `run` is one transaction: the kernel takes all of its commands or none. The library (libnftables.so.1, in
every nftables package) is called in this process, which costs a fifth of a millisecond where starting `nft`
costs five. A `Nftables` object holds a netlink socket and so belongs to the network namespace of the thread
that made it. Not thread-safe: the owner has a lock. Source: libnftables(3), libnftables-json(5), nft(8).
"""

from __future__ import annotations

import ctypes
import json
from typing import Any

from hythe.errors import SystemProblem, Unavailable

_LIBRARY = "libnftables.so.1"
_OUTPUT_JSON = 1 << 4
_OUTPUT_HANDLE = 1 << 3


class NftablesError(SystemProblem):
    """A transaction was refused; nothing of it took effect. The library's words are in the message."""


class Nftables:
    """A libnftables context."""

    def __init__(self) -> None:
        self._library = _load()
        self._context: int | None = self._library.nft_ctx_new(0)
        if not self._context:
            raise Unavailable("libnftables gave no context", hint="is the kernel built with nf_tables?")
        self._library.nft_ctx_buffer_output(self._context)
        self._library.nft_ctx_buffer_error(self._context)
        self._library.nft_ctx_output_set_flags(self._context, _OUTPUT_JSON | _OUTPUT_HANDLE)

    def close(self) -> None:
        if self._context:
            self._library.nft_ctx_free(self._context)
            self._context = None

    def run(self, commands: str) -> str:
        """Run commands (nft's language, or a JSON document) as one transaction; returns the output."""
        if not self._context:
            raise Unavailable("the packet filter's context is closed")
        status = self._library.nft_run_cmd_from_buffer(self._context, commands.encode())
        output: bytes = self._library.nft_ctx_get_output_buffer(self._context) or b""
        if status != 0:
            error: bytes = self._library.nft_ctx_get_error_buffer(self._context) or b""
            raise NftablesError(f"packet filter: {_first_lines(error)}")
        return output.decode()

    def listing(self, command: str) -> list[dict[str, Any]]:
        """The objects a `list ...` command answers with, such as {"rule": {...}}, without the metainfo."""
        output = self.run(command)
        found: list[dict[str, Any]] = json.loads(output)["nftables"] if output else []
        return [entry for entry in found if "metainfo" not in entry]

    def text(self, command: str) -> str:
        """What a `list ...` command answers with in nft's own language, as nft(8) prints it."""
        if not self._context:
            raise Unavailable("the packet filter's context is closed")
        self._library.nft_ctx_output_set_flags(self._context, 0)
        try:
            return self.run(command)
        finally:
            self._library.nft_ctx_output_set_flags(self._context, _OUTPUT_JSON | _OUTPUT_HANDLE)


def _first_lines(error: bytes) -> str:
    lines = [line.strip() for line in error.decode(errors="replace").splitlines() if line.strip(" ^~")]
    return "; ".join(lines[:2]) or "refused without a reason"


def _load() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError as error:
        raise Unavailable(
            f"{_LIBRARY} cannot be loaded: {error}", hint="install nftables (apt install nftables)"
        ) from error
    library.nft_ctx_new.restype = ctypes.c_void_p
    library.nft_ctx_new.argtypes = [ctypes.c_uint32]
    library.nft_ctx_free.argtypes = [ctypes.c_void_p]
    library.nft_ctx_buffer_output.argtypes = [ctypes.c_void_p]
    library.nft_ctx_buffer_error.argtypes = [ctypes.c_void_p]
    library.nft_ctx_output_set_flags.argtypes = [ctypes.c_void_p, ctypes.c_uint]
    library.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    for name in ("nft_ctx_get_output_buffer", "nft_ctx_get_error_buffer"):
        getattr(library, name).argtypes = [ctypes.c_void_p]
        getattr(library, name).restype = ctypes.c_char_p
    return library
