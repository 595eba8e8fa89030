"""Names of fields in any case; the keys of maps as they are."""

from __future__ import annotations

from msgspec import Struct

from hythe.api.docker.casing import respelled


class Inner(Struct, rename="pascal"):
    some_name: int = 0


class Outer(Struct, rename="pascal"):
    labels: dict[str, str] = {}
    inner: Inner | None = None
    many: list[Inner] = []
    by_name: dict[str, Inner] = {}


def test_fields_are_named_as_the_struct_names_them() -> None:
    assert respelled({"INNER": {"somename": 1}}, Outer) == {"Inner": {"SomeName": 1}}
    assert respelled({"many": [{"someName": 1}, {"SomeName": 2}]}, Outer) == {
        "Many": [{"SomeName": 1}, {"SomeName": 2}]
    }
    assert respelled({"byname": {"KEY": {"someName": 1}}}, Outer) == {"ByName": {"KEY": {"SomeName": 1}}}


def test_keys_of_maps_and_unknown_fields_stay() -> None:
    given = {"Labels": {"Inner": "x", "inner": "y"}, "other": {"a": [1, {"b": 2}]}}
    assert respelled(given, Outer) == given


def test_the_right_spelling_counts() -> None:
    assert respelled({"somename": 1, "SomeName": 2}, Inner) == {"SomeName": 2}
    assert respelled({"SomeName": 2, "somename": 1}, Inner) == {"SomeName": 2}


def test_what_does_not_fit_is_left_for_the_decoder_to_refuse() -> None:
    assert respelled({"inner": [1], "many": "x"}, Outer) == {"Inner": [1], "Many": "x"}
    assert respelled("x", Outer) == "x"
