"""Label selectors: what they select, and that their messages are Kubernetes'."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.objects import labels
from hythe.kube.objects.labels import InvalidSelector

NAME_PART = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
    "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


@pytest.mark.parametrize(
    ("text", "found", "selected"),
    [
        ("", {}, True),
        ("app=web", {"app": "web"}, True),
        ("app==web", {"app": "web"}, True),
        ("app=web", {"app": "db"}, False),
        ("app=web", {}, False),
        ("app!=web", {}, True),
        ("app!=web", {"app": "web"}, False),
        ("app", {"app": ""}, True),
        ("!app", {"app": ""}, False),
        ("!app", {}, True),
        ("app=", {"app": ""}, True),
        ("app in (web, db)", {"app": "db"}, True),
        ("app notin (web,db)", {"app": "db"}, False),
        ("app notin (web,db)", {}, True),
        ("app in (web,)", {"app": ""}, True),
        ("app in ()", {"app": ""}, True),
        ("in in (in)", {"in": "in"}, True),
        ("notin=in", {"notin": "in"}, True),
        ("size>5", {"size": "6"}, True),
        ("size>5", {"size": "big"}, False),
        ("size < 5", {"size": "4"}, True),
        (" app = web , tier notin (x) ", {"app": "web"}, True),
        ("example.com/app=web,tier", {"example.com/app": "web"}, False),
    ],
)
def test_what_is_selected(text: str, found: dict[str, str], selected: bool) -> None:
    selector = labels.parse(text)
    assert selector.matches(found) == selected
    assert labels.parse(str(selector)) == selector


def test_canonical_text() -> None:
    assert str(labels.parse("z,app in (b,a,b),!c,d==1,e!=2")) == "app in (a,b),!c,d==1,e!=2,z"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,,b", "found ',', expected: identifier after ','"),
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a ~ b", "unable to parse requirement: found '~', expected: in, notin, =, ==, !=, gt, lt"),
        ("a=(", "unable to parse requirement: found '(', expected: identifier"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("!a=b", "found '=', expected: ',' or 'end of string'"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("-a=b", f'unable to parse requirement: <nil>: Invalid value: "-a": {NAME_PART}'),
        ("a=-b", f'unable to parse requirement: values[0][a]: Invalid value: "-b": {VALUE}'),
        (
            "a>x",
            'unable to parse requirement: values[0]: Invalid value: "x": '
            "for 'Gt', 'Lt' operators, the value must be an integer",
        ),
    ],
)
def test_what_is_no_selector(text: str, message: str) -> None:
    with pytest.raises(InvalidSelector) as problem:
        labels.parse(text)
    assert problem.value.message == message


def test_an_absent_object_selects_nothing_and_an_empty_one_everything() -> None:
    assert not labels.from_object(None).matches({})
    assert labels.from_object({}).matches({"a": "b"})


@pytest.mark.parametrize(
    ("selector", "found", "selected"),
    [
        ({"matchLabels": {"app": "web"}}, {"app": "web", "x": "y"}, True),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, {}, False),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, {}, True),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "b"]}]}, {"app": "b"}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["a", "b"]}]}, {}, True),
    ],
)
def test_label_selector_objects(selector: dict[str, Any], found: dict[str, str], selected: bool) -> None:
    assert labels.from_object(selector).matches(found) == selected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ({"key": "a", "operator": "Near"}, '"Near" is not a valid label selector operator'),
        (
            {"key": "a", "operator": "In"},
            "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
        ),
        (
            {"key": "a", "operator": "Exists", "values": ["b"]},
            'values: Invalid value: ["b"]: values set must be empty for exists and does not exist',
        ),
        (
            {"key": "-", "operator": "In"},
            f'[key: Invalid value: "-": {NAME_PART}, '
            "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty]",
        ),
    ],
)
def test_bad_label_selector_objects(expression: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSelector) as problem:
        labels.from_object({"matchExpressions": [expression]})
    assert problem.value.message == message


def test_plain_maps_of_labels() -> None:
    assert labels.from_labels({"b": "2", "a": "1"}).matches({"a": "1", "b": "2"})
    assert str(labels.from_labels({"b": "2", "a": "1"})) == "a=1,b=2"
