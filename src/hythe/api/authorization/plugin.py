"""One plugin, and how it is asked: by POST, in JSON, over HTTP.

It is looked for when it is first needed, since it may be a container of this very engine. Each question has a
connection of its own, so a plugin may be started again at any time.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import aiohttp

from hythe.api.authorization.messages import MEDIA_TYPE, verdict
from hythe.api.authorization.names import find
from hythe.errors import Denied, SystemProblem

log = logging.getLogger("hythe.api")

ANSWER_SECONDS: Final = 30.0
MAX_ANSWER: Final = 1024 * 1024
_PROBLEMS: Final = (aiohttp.ClientError, OSError, ValueError, TimeoutError)


class Plugin:
    """`directories` in the order in which they are searched."""

    def __init__(self, name: str, directories: Sequence[Path]) -> None:
        self.name, self._directories = name, directories
        self._session: aiohttp.ClientSession | None = None
        self._opening = asyncio.Lock()

    async def ask(self, method: str, message: dict[str, Any]) -> None:
        """Raises Denied where it does not allow, SystemProblem where it cannot be asked or makes no sense."""
        try:
            allowed, why = verdict(await self._call(method, message))
        except _PROBLEMS as error:
            reason = str(error) or f"no answer within {ANSWER_SECONDS:.0f} s"
            problem = f"plugin {self.name} failed with error: {method}: {reason}"
            log.warning("%s", problem)
            raise SystemProblem(problem) from error
        if not allowed:
            raise Denied(f"authorization denied by plugin {self.name}: {why}")

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _call(self, method: str, message: dict[str, Any] | None) -> bytes:
        session = await self._connected()
        return await self._post(session, method, message)

    async def _connected(self) -> aiohttp.ClientSession:
        """A session with the plugin, which has said that it decides about requests."""
        async with self._opening:
            if self._session is None:
                session = _session(find(self.name, self._directories))
                try:
                    manifest = json.loads(await self._post(session, "Plugin.Activate", None))
                    if not isinstance(manifest, dict) or "authz" not in (manifest.get("Implements") or ()):
                        raise ValueError("it does not implement authz")
                except BaseException:
                    await session.close()
                    raise
                self._session = session
            return self._session

    async def _post(
        self, session: aiohttp.ClientSession, method: str, message: dict[str, Any] | None
    ) -> bytes:
        body = b"" if message is None else json.dumps(message).encode()
        async with session.post(f"/{method}", data=body) as answer:
            data = await _limited(answer.content)
            if answer.status != 200:
                raise ValueError(
                    f"it answered {answer.status}: {data[:200].decode(errors='replace').strip()}"
                )
            return data


def _session(address: str) -> aiohttp.ClientSession:
    """Raises ValueError for an address of a kind that is not known."""
    scheme, _, rest = address.partition("://")
    connector: aiohttp.BaseConnector
    if scheme == "unix" and rest.startswith("/"):
        connector, base = aiohttp.UnixConnector(rest, force_close=True), "http://plugin"
    elif scheme in ("tcp", "http") and rest:
        connector, base = aiohttp.TCPConnector(force_close=True), f"http://{rest}"
    else:
        raise ValueError(f"its address {address!r} is neither unix:///PATH nor tcp://HOST:PORT")
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    fields = {"Content-Type": MEDIA_TYPE, "Accept": MEDIA_TYPE}
    return aiohttp.ClientSession(base, connector=connector, timeout=timeout, headers=fields)


async def _limited(content: aiohttp.StreamReader) -> bytes:
    data = bytearray()
    async for piece in content.iter_any():
        data += piece
        if len(data) > MAX_ANSWER:
            raise ValueError(f"its answer is larger than {MAX_ANSWER} bytes")
    return bytes(data)
