"""WWW-Authenticate, as servers write it."""

from __future__ import annotations

import pytest

from hythe.registry.challenge import Challenge, parse

BEARER = (
    'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push"'
)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([], []),
        (["Basic"], [("basic", {})]),
        (['Basic realm="people"'], [("basic", {"realm": "people"})]),
        (["basic REALM=people, charset=UTF-8"], [("basic", {"realm": "people", "charset": "UTF-8"})]),
        ([r'Basic realm="say \"a\""'], [("basic", {"realm": 'say "a"'})]),
        (
            ['Basic realm="a", Bearer realm="b",error="invalid_token"'],
            [("basic", {"realm": "a"}), ("bearer", {"realm": "b", "error": "invalid_token"})],
        ),
        (["Negotiate", 'Basic realm="a"'], [("negotiate", {}), ("basic", {"realm": "a"})]),
        (["=,=", ""], []),
    ],
)
def test_challenges(headers: list[str], found: list[tuple[str, dict[str, str]]]) -> None:
    assert parse(headers) == [Challenge(scheme, parameters) for scheme, parameters in found]


def test_a_scope_with_commas_is_one() -> None:
    [challenge] = parse([BEARER])
    assert challenge.parameters["scope"] == "repository:a/b:pull,push"
    assert challenge.parameters["realm"] == "https://auth.example/token"


def test_a_header_without_an_end() -> None:
    """What is beyond a few kilobytes is not read."""
    assert parse(["Basic " + "a=b, " * 1_000_000])[0] == Challenge("basic", {"a": "b"})
