"""Quantities: the canonical forms and the three errors are Kubernetes', and sums are exact."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.kube.objects import quantity
from hythe.kube.objects.quantity import InvalidQuantity, Quantity

SUFFIXES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0", "0"), ("0Ki", "0"), ("000", "0"), ("1", "1"), ("0.1", "100m"), ("1.5", "1500m"), ("-1.5", "-1500m"),
        ("1000", "1k"), ("1000m", "1"), ("1500k", "1500k"), ("2000k", "2M"), ("1.5Gi", "1536Mi"), ("1024", "1024"),
        ("1024Ki", "1Mi"), ("0.5Ki", "512"), ("0.001Ki", "1024m"), ("1Ei", "1Ei"), ("1025Mi", "1025Mi"),
        ("1e3", "1e3"), ("1E3", "1e3"), ("12e6", "12e6"), ("1e-3", "1e-3"), ("1e1", "10"), ("0.1n", "1n"),
        ("-0.1n", "-1n"), (".5", "500m"), ("1.", "1"), ("+5", "5"), ("8Ei", "9223372036854775807"),
        (5, "5"), (0.5, "500m"), (1e3, "1k"),
    ],
)  # fmt: skip
def test_canonical_form(text: object, shown: str) -> None:
    assert quantity.canonical(text) == shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", quantity.WRONG_SHAPE),
        ("lots", quantity.WRONG_SHAPE),
        ("1.2.3", quantity.WRONG_SHAPE),
        ("1 Gi", quantity.WRONG_SHAPE),
        ("5x", quantity.WRONG_SHAPE),
        ("1\n", quantity.WRONG_SHAPE),
        ("5mi", quantity.WRONG_SUFFIX),
        ("5KI", quantity.WRONG_SHAPE),
        ("1e", quantity.WRONG_SUFFIX),
        ("1e99999", quantity.WRONG_SUFFIX),
        (True, quantity.WRONG_SHAPE),
        (None, quantity.WRONG_SHAPE),
        ([], quantity.WRONG_SHAPE),
    ],
)
def test_what_is_no_quantity(text: object, message: str) -> None:
    with pytest.raises(InvalidQuantity) as problem:
        quantity.parse(text)
    assert problem.value.message == message


def test_whole_units_and_thousandths_are_rounded_up() -> None:
    assert quantity.parse("1m").value() == 1
    assert quantity.parse("1100m").value() == 2
    assert quantity.parse("100n").milli() == 1
    assert quantity.parse("1.5Gi").value() == 3 * 2**29
    assert quantity.parse("-1500m").value() == -1


def test_comparison_is_by_value() -> None:
    assert quantity.parse("1") == quantity.parse("1000m") != quantity.parse("1Ki")
    assert quantity.parse("1Ki") > quantity.parse("1k")
    assert max(quantity.parse("900m"), quantity.parse("1")) == quantity.parse("1")
    assert not quantity.parse("0Gi")


def test_sums_keep_the_family_of_the_left_side() -> None:
    assert str(quantity.parse("1Gi") + quantity.parse("1048576")) == "1025Mi"
    assert str(quantity.ZERO + quantity.parse("1Gi")) == "1Gi"
    assert str(quantity.parse("1") - quantity.parse("250m")) == "750m"
    assert str(-quantity.parse("1Ki")) == "-1Ki"


@given(st.integers(-(10**15), 10**15), st.integers(0, 6), st.sampled_from(sorted(SUFFIXES)))
def test_nothing_is_lost_above_a_billionth(number: int, places: int, suffix: str) -> None:
    digits = f"{abs(number):0{places + 1}d}"
    text = (
        ("-" if number < 0 else "")
        + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)
        + suffix
    )
    exact = Fraction(number, 10**places) * Fraction(10) ** SUFFIXES[suffix] * quantity.NANO
    found = quantity.parse(text)
    assert abs(found.nano) == -(-abs(exact) // 1)
    assert quantity.parse(str(found)) == found and str(quantity.parse(str(found))) == str(found)


@given(st.integers(-(2**70), 2**70), st.sampled_from(["binary", "decimal", "exponent"]))
def test_canonical_form_is_stable(nano: int, family: quantity.Family) -> None:
    amount = Quantity(nano, family)
    if family != "binary" or abs(nano) < (2**63 - 1) * quantity.NANO:
        assert quantity.parse(str(amount)) == amount
        assert str(quantity.parse(str(amount))) == str(amount)
