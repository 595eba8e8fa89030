"""What routes declare of their parameters, beside what their handlers read."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import pytest

from hythe.api.docker.parameters import Parameters
from hythe.api.docker.routing import Route
from hythe.api.docker.table import ROUTES
from hythe.errors import Unsupported

READERS = ("call.text", "call.texts", "call.flag", "call.number", "call.json_query")


def reads(function: Callable[..., Any], seen: set[Callable[..., Any]]) -> Iterator[tuple[str, str]]:
    """(method of Call, first argument) of all that `function` and what it calls in this package read."""
    if function in seen or not isinstance(function, FunctionType):
        return
    seen.add(function)
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "call.filters":
            yield "filters", ""
        if isinstance(node, ast.Call) and ast.unparse(node.func) in READERS:
            assert isinstance(node.args[0], ast.Constant), ast.dump(node)
            yield "query", str(node.args[0].value)
        if isinstance(node, ast.Name):
            named = function.__globals__.get(node.id)
            if isinstance(named, FunctionType) and named.__module__.startswith("hythe.api.docker."):
                yield from reads(named, seen)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.pattern}")
def test_a_handler_reads_what_its_route_declares(route: Route) -> None:
    found = set(reads(route.handler, set()))
    assert {name for kind, name in found if kind == "query"} == set(route.parameters.honoured)
    assert (("filters", "") in found) == bool(route.parameters.filters)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.pattern}")
def test_a_parameter_is_in_one_state(route: Route) -> None:
    names = [*route.parameters.honoured, *route.parameters.no_effect, *route.parameters.refused]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("value", ["1", "true", "linux/arm64", '["x"]'])
def test_a_refused_parameter_is_named(value: str) -> None:
    with pytest.raises(Unsupported, match="the parameter squash"):
        Parameters(refused=("squash",)).check({"squash": value})


@pytest.mark.parametrize("value", ["", "0", "false", "False", "[]", "null", "{}"])
def test_a_refused_parameter_that_asks_for_nothing_passes(value: str) -> None:
    Parameters(refused=("squash",)).check({"squash": value, "unknown": "1"})
