"""One request as a handler sees it: what stands in the path, the query and the body, checked and typed.

Bodies are JSON of at most 8 MiB, whole, well-formed and there within 30 s, or the request is refused: a body that is
too large or empty is never taken for an absent one (CVE-2024-41110). Streams (archives, build contexts) are read by
their handlers from `body_stream`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import msgspec

from hythe.api.docker.casing import respelled
from hythe.api.docker.connection import Connection
from hythe.api.docker.filters import Filters
from hythe.api.docker.versioning import Version
from hythe.errors import InvalidArgument

if TYPE_CHECKING:
    from aiohttp import web

    from hythe.api.docker.backend import Engine
    from hythe.api.docker.guarding import Visit
    from hythe.api.docker.parameters import Parameters

MAX_BODY: Final = 8 * 1024 * 1024
BODY_SECONDS: Final = 30.0
_FALSE: Final = ("", "0", "no", "false", "none", "False")

T = TypeVar("T")


class Call:
    """A request under way. `engine` is what handlers may use of the engine."""

    def __init__(
        self,
        request: web.BaseRequest,
        engine: Engine,
        version: Version,
        params: dict[str, str],
        declared: Parameters,
    ) -> None:
        self.request, self.engine, self.version, self.params = request, engine, version, params
        self._declared = declared
        self._data: bytes | None = None
        self.visit: Visit | None = None

    @property
    def ref(self) -> str:
        """The id, prefix or name in the path."""
        return self.params["ref"]

    @property
    def connection(self) -> Connection:
        return cast(Connection, self.request.protocol)

    # ---- query --------------------------------------------------------------------------------

    def _given(self, name: str) -> list[str]:
        """The values of a parameter that the route declares. LookupError, a mistake of ours, for any other."""
        if name not in self._declared.honoured:
            raise LookupError(f"the route does not declare the parameter {name!r}")
        return self.request.query.getall(name, [])

    def text(self, name: str, default: str = "") -> str:
        return next(iter(self._given(name)), default)

    def texts(self, name: str) -> list[str]:
        """All values of a parameter that may be given several times."""
        return [value for value in self._given(name) if value]

    def flag(self, name: str, default: bool = False) -> bool:
        """dockerd's rule: "", 0, no, false and none are false, all else is true."""
        value = next(iter(self._given(name)), None)
        return default if value is None else value.strip().lower() not in _FALSE

    def number(self, name: str) -> int | None:
        value = self.text(name).strip()
        if not value:
            return None
        try:
            return int(value)
        except ValueError as error:
            raise InvalidArgument(f"{name}={value!r} is not a whole number") from error

    def json_query(self, name: str, type_: type[T], default: T) -> T:
        """A parameter that holds a JSON document, such as buildargs."""
        value = self.text(name)
        if not value:
            return default
        try:
            return msgspec.json.decode(value, type=type_)
        except msgspec.DecodeError as error:
            raise InvalidArgument(f"the parameter {name} is not valid: {error}") from error

    def filters(self) -> Filters:
        return Filters.parse(self.request.query.get("filters", ""), self._declared.filters)

    # ---- answer -------------------------------------------------------------------------------

    async def answering(self, status: int, headers: Mapping[str, str]) -> None:
        """To be called before the head of an answer that lasts. Raises Denied where it may not leave (`guarding`)."""
        if self.visit is not None:
            await self.visit.leave(status, headers.items())

    # ---- body ---------------------------------------------------------------------------------

    async def body(self, type_: type[T]) -> T:
        """The JSON body as a Struct; InvalidArgument if empty, too large or malformed."""
        self._check_declared(type_)
        return decode(await self.whole_body(), type_)

    async def optional_body(self, type_: type[T]) -> T:
        """As `body`, for the few requests that may come without one; then all fields have their defaults."""
        self._check_declared(type_)
        data = await self.whole_body()
        return decode(data if data.strip() not in (b"", b"null") else b"{}", type_)

    def _check_declared(self, type_: type) -> None:
        if type_ is not self._declared.body:
            raise LookupError(f"the route does not declare a body of type {type_.__name__}")

    async def whole_body(self) -> bytes:
        """The bytes of a JSON body, read once. Raises InvalidArgument if there are too many, or they do not come."""
        if self._data is None:
            self._data = await self._read()
        return self._data

    async def _read(self) -> bytes:
        length = self.request.content_length
        data = bytearray()
        if length is None or length <= MAX_BODY:
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    async for chunk in self.request.content.iter_any():
                        data += chunk
                        if len(data) > MAX_BODY:
                            break
            except TimeoutError as error:
                self.request.protocol.keep_alive(False)
                raise InvalidArgument(
                    f"the request's body did not arrive within {BODY_SECONDS:.0f} seconds"
                ) from error
        if (length or 0) > MAX_BODY or len(data) > MAX_BODY:
            self.request.protocol.keep_alive(False)
            raise InvalidArgument(f"the request's body is larger than {MAX_BODY} bytes")
        return bytes(data)

    def body_stream(self) -> AsyncIterator[bytes]:
        """The body in the pieces it arrives in, for archives."""
        return self.request.content.iter_any().__aiter__()


def decode(data: bytes, type_: type[T]) -> T:
    """A JSON document as a Struct; unknown fields are let through, names match in any case, null is "absent"."""
    if not data.strip():
        raise InvalidArgument("invalid JSON: got EOF while reading request body")
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidArgument(f"invalid JSON: {error}") from error
    try:
        return msgspec.convert(respelled(_without_nulls(document), type_), type=type_)
    except msgspec.ValidationError as error:
        raise InvalidArgument(f"invalid request body: {error}") from error


def _without_nulls(value: Any) -> Any:
    """Go's decoder leaves a field alone where JSON has null; here, fields with null are dropped first."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
