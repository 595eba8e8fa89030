"""Kubernetes quantities: "500m", "1.5Gi", "2e3", as exact numbers that keep their way of being written.

A quantity is a whole number of billionths: what is finer is rounded away from zero, as Kubernetes does it, so that
who asks for some gets some. It remembers which family of suffixes it was written with (decimal "m k M G T P E",
binary "Ki Mi Gi Ti Pi Ei", or an exponent) and is shown in that family's canonical form: no fraction, the largest
suffix that loses nothing ("1.5Gi" is "1536Mi", "0.1" is "100m", "1000k" is "1M"). Sums keep the family of the left
side. No floating point is used anywhere.

Source: k8s.io/apimachinery, pkg/api/resource. Kept out: binary floats, and exponents beyond a thousand digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from hythe.errors import InvalidArgument

Family = Literal["decimal", "binary", "exponent"]

NANO: Final = 10**9
_SHAPE: Final = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?((?:[eEinumkKMGTP]*)(?:[-+]?[0-9]*))")
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX: Final = {power: suffix for suffix, power in _DECIMAL.items()}
_BINARY_SUFFIX: Final = {0: "", **{power: suffix for suffix, power in _BINARY.items()}}
_LARGEST_BINARY: Final = (2**63 - 1) * NANO
_MAX_EXPONENT: Final = 1000

WRONG_SHAPE: Final = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
WRONG_NUMBER: Final = "unable to parse numeric part of quantity"
WRONG_SUFFIX: Final = "unable to parse quantity's suffix"


class InvalidQuantity(InvalidArgument):
    """The text is no quantity; the message is one of Kubernetes' three."""


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """An exact amount. Compares, adds and subtracts by value; "1" equals "1000m".

    `nano` is the amount in billionths; `family` says how it is written.
    """

    nano: int
    family: Family = "decimal"

    def __str__(self) -> str:
        return _canonical(self.nano, self.family)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.nano == other.nano

    def __hash__(self) -> int:
        return hash(self.nano)

    def __lt__(self, other: Quantity) -> bool:
        return self.nano < other.nano

    def __le__(self, other: Quantity) -> bool:
        return self.nano <= other.nano

    def __gt__(self, other: Quantity) -> bool:
        return self.nano > other.nano

    def __ge__(self, other: Quantity) -> bool:
        return self.nano >= other.nano

    def __bool__(self) -> bool:
        return self.nano != 0

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(self.nano + other.nano, self.family if self.nano else other.family)

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(self.nano - other.nano, self.family if self.nano else other.family)

    def __neg__(self) -> Quantity:
        return Quantity(-self.nano, self.family)

    def value(self) -> int:
        """Whole units, rounded up: bytes of memory, whole processors."""
        return -(-self.nano // NANO)

    def milli(self) -> int:
        """Thousandths, rounded up: millicores."""
        return -(-self.nano // (NANO // 1000))


ZERO: Final = Quantity(0)


def parse(text: Any) -> Quantity:
    """The quantity in a string, or in a JSON number; `InvalidQuantity` with Kubernetes' message otherwise."""
    if isinstance(text, bool) or not isinstance(text, (str, int, float)):
        raise InvalidQuantity(WRONG_SHAPE)
    return _parse(text if isinstance(text, str) else repr(text))


def canonical(text: Any) -> str:
    """`text` as Kubernetes stores it: "1.5Gi" -> "1536Mi"."""
    return str(parse(text))


@lru_cache(maxsize=4096)
def _parse(text: str) -> Quantity:
    match = _SHAPE.fullmatch(text)
    if not text or match is None:
        raise InvalidQuantity(WRONG_SHAPE)
    sign, whole, fraction, suffix = match[1], match[2], match[3] or "", match[4]
    power, shift, family = _suffix(suffix)
    if not whole and not fraction:
        # As in Go, "." and "+" have an empty numeric part; an empty one before a suffix too.
        raise InvalidQuantity(WRONG_NUMBER)
    nano = _scaled((int(whole + fraction)) << shift, power - len(fraction) + 9)
    if family == "binary":
        nano = min(nano, _LARGEST_BINARY)
        if 0 < nano < NANO:
            family = "decimal"
    return Quantity(-nano if sign == "-" else nano, family)


def _suffix(suffix: str) -> tuple[int, int, Family]:
    """The power of ten, the power of two and the family that a suffix stands for."""
    if suffix in _DECIMAL:
        return _DECIMAL[suffix], 0, "decimal"
    if suffix in _BINARY:
        return 0, _BINARY[suffix], "binary"
    if suffix[0] in "eE" and re.fullmatch(r"[-+]?[0-9]+", suffix[1:]):
        power = int(suffix[1:])
        if abs(power) <= _MAX_EXPONENT:
            return power, 0, "exponent"
    raise InvalidQuantity(WRONG_SUFFIX)


def _scaled(number: int, power: int) -> int:
    """`number` times ten to the `power`; away from zero where that is no whole number. `number` is not negative."""
    factor: int = 10 ** abs(power)
    return number * factor if power >= 0 else -(-number // factor)


def _canonical(nano: int, family: Family) -> str:
    if nano == 0:
        return "0"
    if family == "binary" and abs(nano) >= 1024 * NANO and nano % NANO == 0:
        number, power = _divided(nano // NANO, 1024, 10, 0, 60)
        return f"{number}{_BINARY_SUFFIX[power]}"
    if family == "exponent":
        number, power = _divided(nano, 1000, 3, -9, _MAX_EXPONENT)
        return f"{number}e{power}" if power else str(number)
    number, power = _divided(nano, 1000, 3, -9, 18)
    return f"{number}{_DECIMAL_SUFFIX[power]}"


def _divided(number: int, base: int, step: int, power: int, most: int) -> tuple[int, int]:
    """`number` without its factors of `base`, and `power` raised by `step` for each, to `most` at the highest."""
    while power < most:
        quotient, rest = divmod(number, base)
        if rest:
            break
        number, power = quotient, power + step
    return number, power
