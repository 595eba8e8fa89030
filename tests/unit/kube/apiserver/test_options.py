"""Parameters of queries, and what is accepted as an answer."""

from __future__ import annotations

import pytest

from hythe.kube.apiserver.negotiation import PLAIN, Wanted, negotiate
from hythe.kube.apiserver.options import delete_options, list_options, write_options
from hythe.kube.apiserver.tokens import Outdated, Token, decode
from hythe.kube.objects.status import ApiError


def test_what_a_write_may_say() -> None:
    options = write_options(
        {"dryRun": "All", "fieldManager": "me", "fieldValidation": "Strict", "force": "true"},
        kind="PatchOptions",
    )
    assert (options.dry_run, options.manager, options.validation, options.force) == (
        True,
        "me",
        "Strict",
        True,
    )
    assert write_options({}, kind="CreateOptions").validation == "Warn"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"dryRun": "Some"}, "dryRun"),
        ({"fieldValidation": "Loose"}, "fieldValidation"),
        ({"fieldManager": "x" * 129}, "fieldManager"),
        ({"fieldManager": "a\nb"}, "fieldManager"),
    ],
)
def test_what_a_write_may_not_say(query: dict[str, str], field: str) -> None:
    with pytest.raises(ApiError) as refused:
        write_options(query, kind="CreateOptions")
    assert refused.value.code == 422
    assert [cause.field for cause in refused.value.causes] == [field]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"resourceVersionMatch": "Exact"}, "resourceVersionMatch"),
        ({"resourceVersionMatch": "Exact", "resourceVersion": "0"}, "resourceVersionMatch"),
        ({"resourceVersionMatch": "Some", "resourceVersion": "3"}, "resourceVersionMatch"),
        ({"resourceVersionMatch": "Exact", "resourceVersion": "3", "continue": "x"}, "resourceVersionMatch"),
        ({"sendInitialEvents": "true"}, "sendInitialEvents"),
        ({"sendInitialEvents": "true", "watch": "1"}, "resourceVersionMatch"),
        ({"resourceVersionMatch": "NotOlderThan", "watch": "1"}, "resourceVersionMatch"),
    ],
)
def test_combinations_that_mean_nothing(query: dict[str, str], field: str) -> None:
    with pytest.raises(ApiError) as refused:
        list_options(query)
    assert [cause.field for cause in refused.value.causes] == [field]


def test_a_number_must_be_one() -> None:
    assert list_options({"limit": "5", "timeoutSeconds": "7"}).limit == 5
    with pytest.raises(ApiError) as refused:
        list_options({"limit": "five"})
    assert refused.value.code == 400


def test_a_delete_says_how_in_its_body_or_its_query() -> None:
    body = {"gracePeriodSeconds": 0, "propagationPolicy": "Foreground", "preconditions": {"uid": "u"}}
    options = delete_options({"propagationPolicy": "Orphan"}, body)
    assert (options.grace, options.propagation, options.uid) == (0, "Foreground", "u")
    assert delete_options({"propagationPolicy": "Orphan", "gracePeriodSeconds": "3"}, None).grace == 3
    assert delete_options({"orphanDependents": "true"}, None).propagation == "Orphan"
    for bad in ({"propagationPolicy": "Sideways"}, {"propagationPolicy": "Orphan", "orphanDependents": True}):
        with pytest.raises(ApiError):
            delete_options({}, bad)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, PLAIN),
        ("*/*", PLAIN),
        ("application/json", PLAIN),
        ("application/yaml", Wanted("application/yaml")),
        ("application/vnd.kubernetes.protobuf, application/json", PLAIN),
        ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", Wanted(shape="Table")),
        ("application/json;as=Table;v=v2;g=meta.k8s.io,application/json", PLAIN),
        (
            "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
            Wanted(shape="PartialObjectMetadata"),
        ),
    ],
)
def test_the_first_form_that_can_be_given_wins(accept: str | None, expected: Wanted) -> None:
    assert negotiate(accept) == expected


def test_what_cannot_be_given() -> None:
    with pytest.raises(ApiError) as refused:
        negotiate("text/html")
    assert refused.value.code == 406


def test_tokens_come_back_as_they_went() -> None:
    token = Token(7, "ns/name")
    assert decode(token.encode()) == token
    for bad in ("", "!", "bm90IGpzb24", Token("x", "y").encode()):  # type: ignore[arg-type]
        with pytest.raises(ApiError):
            decode(bad)
    status = Outdated(token).status()
    assert decode(status["metadata"]["continue"]) == Token(-1, "ns/name")
    assert status["code"] == 410
