"""Versions, routes, errors, filters and hijack heads: what every request passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from hythe import errors
from hythe.api.docker.call import decode
from hythe.api.docker.connection import _end_of_hijacked
from hythe.api.docker.coverage import markdown
from hythe.api.docker.errors import error_response, status_of
from hythe.api.docker.filters import Filters
from hythe.api.docker.hijack import head
from hythe.api.docker.routes_archive import go_mode
from hythe.api.docker.routing import Router
from hythe.api.docker.table import ROUTES
from hythe.api.docker.types.containers import CreateRequest
from hythe.api.docker.versioning import NEWEST, split
from hythe.errors import CannotStart, HytheError, InvalidArgument


def test_versions() -> None:
    assert split("/v1.43/containers/json") == ((1, 43), "/containers/json")
    assert split("/containers/json") == (NEWEST, "/containers/json")
    assert split("/version") == (NEWEST, "/version")
    for path in ("/v1.23/info", "/v1.99/info", "/v2.0/info"):
        with pytest.raises(InvalidArgument, match="client version"):
            split(path)


@pytest.mark.parametrize(
    ("method", "path", "pattern", "params"),
    [
        ("GET", "/containers/json", "/containers/json", {}),
        ("GET", "/containers/web/json", "/containers/{ref}/json", {"ref": "web"}),
        ("POST", "/containers/create", "/containers/create", {}),
        ("POST", "/containers/prune", "/containers/prune", {}),
        ("GET", "/images/json", "/images/json", {}),
        ("GET", "/images/get", "/images/get", {}),
        ("GET", "/images/a%2Fb/json", "/images/{name:path}/json", {"name": "a/b"}),
        ("GET", "/images/host:5000/a/b:c/json", "/images/{name:path}/json", {"name": "host:5000/a/b:c"}),
        ("DELETE", "/images/a/b", "/images/{name:path}", {"name": "a/b"}),
        ("HEAD", "/containers/x/archive", "/containers/{ref}/archive", {"ref": "x"}),
        ("GET", "/images/search", "/images/search", {}),
        ("POST", "/networks/prune", "/networks/prune", {}),
    ],
)
def test_routes(method: str, path: str, pattern: str, params: dict[str, str]) -> None:
    found = Router(ROUTES).find(method, path)
    assert found is not None
    assert (found[0].pattern, found[1]) == (pattern, params)


def test_no_route_stands_twice_and_none_is_shadowed() -> None:
    assert len({(route.method, route.pattern) for route in ROUTES}) == len(ROUTES)
    router = Router(ROUTES)
    for route in ROUTES:
        path = route.pattern.replace("{ref}", "r").replace("{id}", "i").replace("{name:path}", "n")
        found = router.find(route.method, path.replace("{rest:path}", "s"))
        assert found is not None and found[0] is route, route.pattern


def test_every_error_has_a_status() -> None:
    known = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HytheError)
    ]
    for kind in known:
        if kind is errors.SyntaxProblem:
            error: HytheError = kind("x", file="f", line=1, column=1)
        else:
            error = kind("x", exit_code=125) if kind is CannotStart else kind("x")
        assert 300 <= status_of(error) < 600


def test_a_program_that_is_not_found_is_the_users_mistake() -> None:
    assert status_of(CannotStart("x", exit_code=127)) == 400
    assert status_of(CannotStart("x", exit_code=125)) == 500


def test_not_modified_has_no_body() -> None:
    response = error_response(errors.NotModified("it runs"))
    assert (response.status, response.body) == (304, None)


def test_bodies_are_checked() -> None:
    for data in (
        b"",
        b"  ",
        b"{",
        b'{"Image": 3}',
        b"[]",
        b'{"HostConfig": {"Binds": "x"}}',
        b"[" * 99999,
        b"\xff",
    ):
        with pytest.raises(InvalidArgument):
            decode(data, CreateRequest)
    body = decode(b'{"Image": "x", "Cmd": null, "Unknown": {"a": 1}, "HostConfig": null}', CreateRequest)
    assert (body.image, body.cmd) == ("x", None)


def test_a_wrong_type_names_the_field() -> None:
    with pytest.raises(InvalidArgument, match=r"\$\.HostConfig\.Memory"):
        decode(b'{"HostConfig": {"Memory": "64m"}}', CreateRequest)


def test_unknown_filters_are_refused_by_name() -> None:
    with pytest.raises(InvalidArgument, match="invalid filter 'colour'"):
        Filters.parse('{"colour": ["red"]}', ["label"])


def test_the_head_of_a_hijacked_answer() -> None:
    assert head(upgrade=True, multiplexed=True).startswith(b"HTTP/1.1 101 UPGRADED\r\n")
    assert b"multiplexed-stream" in head(upgrade=True, multiplexed=True)
    assert head(upgrade=False, multiplexed=False) == (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
    )


def test_input_behind_a_request_to_be_hijacked_is_no_request() -> None:
    request = b"POST /v1.47/containers/x/attach?stdin=1 HTTP/1.1\r\nHost: d\r\n\r\n"
    assert _end_of_hijacked(request + b"GET / HTTP/1.1\r\n\r\n") == len(request)
    start = b"POST /exec/x/start HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
    assert _end_of_hijacked(start + b"input") == len(start)
    other = b"POST /containers/create HTTP/1.1\r\n\r\nmore"
    assert _end_of_hijacked(other) == len(other)


@pytest.mark.parametrize(
    ("mode", "go"),
    [
        (0o100644, 0o644),
        (0o040755, 1 << 31 | 0o755),
        (0o120777, 1 << 27 | 0o777),
        (0o104755, 1 << 23 | 0o755),
    ],
)
def test_modes_as_go_writes_them(mode: int, go: int) -> None:
    assert go_mode(mode) == go


def test_the_documented_coverage_is_that_of_the_code() -> None:
    document = Path(__file__).parents[3] / "docs" / "engine-api.md"
    assert document.read_text() == markdown(ROUTES), (
        "run: python -m hythe.api.docker.coverage > docs/engine-api.md"
    )
