"""Requests to the Docker API that are nearly right: every route, with the parameters and bodies it declares.

What is drawn is a request as bytes on the wire. Most values are of the type that is wanted, so that they pass the first
check and meet the second; some are not. Whatever a request gets done must be harmless where the test runs: commands
only end or sleep, sources of mounts are names of volumes, and no host is named; registries are out of reach.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from typing import Any, get_args, get_origin, get_type_hints
from urllib.parse import quote

import msgspec
from hypothesis import strategies as st
from msgspec.structs import fields

from hythe.api.docker.routing import Route
from hythe.api.docker.table import ROUTES

NAMES = ("running", "stopped", "busybox", "busybox:latest", "bridge", "fuzzed", "nosuch")
ODD = (
    "",
    "..",
    "../../etc/passwd",
    "\x00",
    "a" * 300,
    "é",
    "-",
    "%",
    "{",
    "sha256:" + "0" * 64,
    "a b",
    "\n",
    "/",
)
WORDS = (
    "0", "1", "true", "linux", "SIGKILL", "HUP", "none", "host", "private", "json-file", "10.99.0.0/24", "0-1", "rw",
    "container:running", "no-new-privileges", "fuzzed:/data", "80/tcp",
)  # fmt: skip
TEXTS = st.sampled_from((*NAMES, *ODD, *WORDS))
NUMBERS = st.sampled_from((0, 1, -1, 2, 80, 65536, 2**31, 2**63 - 1, -(2**63), 2**64, 10**40, 8 << 20, 0.5))
WRONG = st.one_of(
    st.none(), st.booleans(), NUMBERS, TEXTS, st.just([]), st.just({}), st.just([[]]), st.just({"": [None]})
)
COMMANDS = st.sampled_from(
    (["true"], ["sleep", "1"], ["sleep", "1000"], "true", [], [""], ["nosuch"], ["\x00"])
)
QUERY = st.one_of(
    TEXTS,
    st.sampled_from(
        ("-1", "1.5", "99999999999999999999", "[]", "{}", "null", '{"a": 1}', "all", "next-exit", "removed")
    ),
)
KEYS_OF_COMMANDS = ("Cmd", "Entrypoint", "Test")
# A long wait for a container to stop is a right answer; here it would only be slow.
PATIENCE = ("StopTimeout", "t")
SECONDS = st.sampled_from(("0", "1", "", "x", "1.5"))


@dataclass(frozen=True)
class Request:
    """`whole` is what goes over the wire; `head` is shown when it fails."""

    head: str
    body: bytes

    @property
    def asks_a_registry(self) -> bool:
        """A registry that cannot be reached is answered with 500, as dockerd has it."""
        path, _, query = self.head.split(" ", 2)[1].partition("?")
        return path.endswith(("/auth", "/images/search")) or "/distribution/" in path or "fromImage=" in query

    @property
    def whole(self) -> bytes:
        return self.head.encode("utf-8", "surrogateescape") + self.body


def values(kind: Any) -> st.SearchStrategy[Any]:
    """What fits the annotation `kind`."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return documents(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is list:
        return st.lists(values(arguments[0]), max_size=2)
    if origin is dict:
        return st.dictionaries(TEXTS, values(arguments[1]), max_size=2)
    if arguments:
        return st.one_of(*(values(one) for one in arguments))
    return {str: TEXTS, int: NUMBERS, bool: st.booleans(), type(None): st.none()}.get(kind, WRONG)


def documents(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """A body of this type with a few of its fields, one of which may be of another type."""
    hints = get_type_hints(kind)

    @st.composite
    def document(draw: st.DrawFn) -> Any:
        known = [field for field in fields(kind) if field.encode_name not in PATIENCE]
        chosen = draw(st.lists(st.sampled_from(known), max_size=4, unique_by=lambda field: field.name))
        result: dict[str, Any] = {}
        for field in chosen:
            name = field.encode_name
            result[name] = draw(COMMANDS if name in KEYS_OF_COMMANDS else values(hints[field.name]))
        if "Image" in {field.encode_name for field in known} and draw(st.integers(0, 9)):
            result |= {"Image": "busybox", "Cmd": draw(COMMANDS)}
        if draw(st.integers(0, 19)) == 0:
            result[draw(TEXTS)] = draw(WRONG)
        return result

    return document()


def _archive(**files: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


STREAMS = st.sampled_from(
    (
        b"",
        b"junk",
        b"\x1f\x8b" + b"x" * 600,
        bytes(1024),
        _archive(),
        _archive(a=b"a"),
        _archive(Dockerfile=b"FROM busybox\nRUN true\n"),
        _archive(Dockerfile=b"FROM scratch\nCOPY .. /\n"),
        _archive(**{"manifest.json": b"[]"}),
        _archive(**{"manifest.json": b'[{"Config": 5}]'}),
    )
)
BROKEN = st.sampled_from((b"", b"{", b"[]", b"null", b"\xff", b'"x"', b"[" * 50_000, b'{"a":' * 5000))


@st.composite
def _bodies(draw: st.DrawFn, route: Route) -> bytes:
    kind = route.parameters.body
    choice = draw(st.integers(0, 9))
    if kind is not None and choice:
        return msgspec.json.encode(draw(documents(kind)))
    return draw(STREAMS if choice > 1 else BROKEN)


@st.composite
def _query(draw: st.DrawFn, route: Route) -> str:
    declared = route.parameters
    known = [*declared.honoured, *declared.no_effect, *declared.refused, "unknown"]
    pairs = [(name, draw(QUERY)) for name in draw(st.lists(st.sampled_from(known), max_size=4))]
    if draw(st.integers(0, 2)) == 0:
        keys = st.sampled_from((*declared.filters, "nosuch"))
        found = draw(st.one_of(st.dictionaries(keys, st.lists(TEXTS, max_size=2), max_size=2), WRONG))
        pairs.append(("filters", msgspec.json.encode(found).decode()))
    return "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """One request to one of the routes."""
    route = draw(st.sampled_from(ROUTES))
    path = route.pattern
    while "{" in path:
        before, _, rest = path.partition("{")
        value = draw(st.sampled_from((*NAMES[:3], *NAMES, *ODD)))
        path = before + quote(value, safe="") + rest.partition("}")[2]
    version = draw(st.sampled_from(("", "/v1.24", "/v1.41", "/v1.43", "/v1.50", "/v1.51", "/v0.1")))
    query = draw(_query(route))
    body = draw(_bodies(route)) if route.method in ("POST", "PUT") else b""
    kind = draw(st.sampled_from(("application/json", "application/x-tar", "text/plain")))
    lines = [
        f"{route.method} {version}{path}{'?' if query else ''}{query} HTTP/1.1",
        "Host: d",
        f"Content-Length: {len(body)}",
        f"Content-Type: {kind}",
    ]
    if draw(st.integers(0, 3)) == 0:
        lines += ["Connection: Upgrade", f"Upgrade: {draw(st.sampled_from(('tcp', 'websocket', 'h2c')))}"]
    return Request("\r\n".join([*lines, "", ""]), body)
