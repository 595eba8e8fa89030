"""Objects as the store's bytes."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as some

from hythe.kube.apiserver.encoding import head, items_joined, labels_of, pack, stamped, unpack

_TEXT = some.text(max_size=12)


def _object(text: str) -> dict[str, object]:
    metadata = {"name": "n" + text, "resourceVersion": "7", "labels": {"a": text}}
    return {"data": {'"metadata":{': text}, "metadata": metadata, "kind": "ConfigMap", "apiVersion": "v1"}


@given(_TEXT)
def test_a_revision_is_put_in_without_decoding(text: str) -> None:
    raw = pack(_object(text))
    assert b"resourceVersion" not in raw
    assert json.loads(stamped(raw, 12)) == unpack(raw, 12)
    assert unpack(raw, 12)["metadata"] == {"name": "n" + text, "resourceVersion": "12", "labels": {"a": text}}
    assert unpack(raw, 12)["data"] == {'"metadata":{': text}


@given(some.lists(_TEXT, max_size=4))
def test_items_are_joined_with_their_type_or_without(texts: list[str]) -> None:
    values = [(pack(_object(text)), index) for index, text in enumerate(texts)]
    untyped = json.loads(b"[%b]" % items_joined(values, head("v1", "ConfigMap"), typed=False))
    typed = json.loads(b"[%b]" % items_joined(values, head("v1", "ConfigMap"), typed=True))
    assert typed == [unpack(raw, revision) for raw, revision in values]
    assert untyped == [
        {key: value for key, value in each.items() if key not in ("kind", "apiVersion")} for each in typed
    ]


def test_labels_are_read_alone() -> None:
    assert labels_of(pack(_object("x"))) == {"a": "x"}
    assert labels_of(pack({"apiVersion": "v1", "kind": "A", "metadata": {"name": "b"}})) == {}
