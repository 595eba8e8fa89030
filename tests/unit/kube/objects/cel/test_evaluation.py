"""What expressions are worth: the operators, macros and functions of CEL and Kubernetes' own."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.objects.cel.evaluation import Evaluator, Spent
from hythe.kube.objects.cel.parser import parse
from hythe.kube.objects.cel.values import Duration, EvaluationError, UInt, equal

SELF: dict[str, Any] = {
    "min": 1, "max": 5, "name": "web", "tags": ["a", "b"], "empty": [], "labels": {"x": "1", "y": "2"},
    "ports": [{"name": "http", "port": 80}, {"name": "tls", "port": 443}], "a-b": 1, "namespace": "n", "nothing": None,
}  # fmt: skip


def value(text: str, budget: int = 10_000) -> Any:
    return Evaluator(budget).value(parse(text), {"self": SELF})


@pytest.mark.parametrize(
    "text",
    [
        "1 + 2 * 3 == 7", "(1 + 2) * 3 == 9", "-7 / 2 == -3", "-7 % 3 == -1", "7.0 / 2.0 == 3.5", "1u + 2u == 3u",
        "0x1F == 31", "1e3 == 1000.0", "1 == 1.0", "2 > 1.5", "1 != true", "'a' + 'b' == \"ab\"", "[1] + [2] == [1, 2]",
        "'a' < 'b'", "b'ab' == b'\\x61b'", "'\\u00e9\\n' == \"\\u00e9\\n\"", "r'\\d' == '\\\\d'",
        "'''a'b''' == \"a'b\"",
        "{'a': 1}.a == 1", "{'a': 1} == {'a': 1.0}", "{1: 'x'}[1] == 'x'", "[1, 2][1] == 2", "'a' in {'a': 1}",
        "!(2 in [1])", "true || self.none", "self.none || true", "!(false && self.none)", "true ? true : self.none",
        "self.min <= self.max", "self.tags.all(t, t != 'c')", "self.tags.exists(t, t == 'b')",
        "self.ports.exists_one(p, p.port == 80)", "self.tags.map(t, t + '!') == ['a!', 'b!']",
        "self.ports.filter(p, p.port > 100).size() == 1", "self.ports.map(p, p.port > 100, p.name) == ['tls']",
        "self.labels.all(k, k in ['x', 'y'])", "size(self.labels) == 2", "has(self.name) && !has(self.other)",
        "self.a__dash__b == 1", "self.__namespace__ == 'n'", "self.nothing == null", "self.empty.size() == 0",
        "self.name.startsWith('w') && self.name.endsWith('b') && self.name.contains('e')",
        "self.name.matches('^[a-z]+$')", "'Ab'.lowerAscii() == 'ab' && 'Ab'.upperAscii() == 'AB'",
        "'a,b,c'.split(',') == ['a', 'b', 'c']", "'a,b,c'.split(',', 2) == ['a', 'b,c']",
        "['a', 'b'].join('-') == 'a-b'",
        "'hello'.substring(1, 3) == 'el'", "'hello'.charAt(1) == 'e'", "'hello'.indexOf('l') == 2",
        "'hello'.lastIndexOf('l') == 3", "'hello'.replace('l', 'L', 1) == 'heLlo'", "' a '.trim() == 'a'",
        "'abc 123'.find('[0-9]+') == '123'", "'1 2 3'.findAll('[0-9]', 2) == ['1', '2']",
        "[1, 2, 2].isSorted() && ![2, 1].isSorted()", "[1, 2].sum() == 3 && [].sum() == 0", "[3, 1, 2].min() == 1",
        "['a', 'c', 'b'].max() == 'c'", "[1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2",
        "int('12') == 12 && int(1.9) == 1", "string(1.5) == '1.5' && string(true) == 'true'", "double('1.5') == 1.5",
        "uint(3) == 3u", "type(1) == int && type('') == string", "bool('true')", "bytes('a') == b'a'",
        "duration('1h30m') == duration('90m')", "duration('1h') > duration('59m')",
        "timestamp('2026-01-01T00:00:00Z') + duration('24h') == timestamp('2026-01-02T00:00:00Z')",
        "timestamp('2026-03-04T05:06:07Z').getMonth() == 2", "timestamp('2026-03-04T05:06:07Z').getDayOfWeek() == 3",
        "timestamp('2026-03-04T23:00:00Z').getHours('02:00') == 1", "duration('90m').getHours() == 1",
        "string(timestamp('2026-01-01T00:00:00.5Z')) == '2026-01-01T00:00:00.5Z'", "string(duration('90s')) == '90s'",
        "quantity('1.5Gi').isGreaterThan(quantity('1Gi'))", "quantity('1k').add(24).compareTo(quantity('1Ki')) == 0",
        "isQuantity('1Mi') && !isQuantity('1x')", "quantity('50k').sub(20000).asInteger() == 30000",
        "isIP('10.0.0.1') && ip('::1').family() == 6 && ip('127.0.0.1').isLoopback()",
        "cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').prefixLength() == 8", "!isCIDR('10.0.0.0')",
        "url('https://a.example:8080/x?k=v').getPort() == '8080'", "isURL('https://a.example') && !isURL('../x')",
        "url('https://a.example/x?k=v').getQuery()['k'] == ['v']",
        "sets.contains([1, 2], [2]) && sets.equivalent([1, 2], [2, 1, 1]) && !sets.intersects([1], [2])",
        "self.?other.orValue('x') == 'x' && self.?name.hasValue()", "optional.of(1).value() == 1",
        "[1, 2][?5].orValue(0) == 0", "optional.none().or(optional.of(2)).value() == 2",
        "self.?other.?deeper.orValue(1) == 1", "1 == 1 // a comment",
        "true ? 1 == 1 : false ? false : true", "-self.min == -1", "--1 == 1", "!!true",
    ],
)  # fmt: skip
def test_true(text: str) -> None:
    assert value(text) is True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("self.other", "no such key: other"),
        ("[1][1]", "index out of bounds: 1"),
        ("1 / 0", "division by zero"),
        ("1 % 0", "modulus by zero"),
        ("9223372036854775807 + 1", "integer overflow"),
        ("0u - 1u", "unsigned integer overflow"),
        ("1 + 1.0", "no such overload: _+_"),
        ("self.name + 1", "no such overload: _+_"),
        ("'a' < 1", "no such overload"),
        ("self.nothing.x", "no such overload: x"),
        ("[].min()", "min called on empty list"),
        ("'a'.matches('(')", "error parsing regexp"),
        ("int('x')", 'strconv.ParseInt: parsing "x": invalid syntax'),
        ("duration('x')", 'time: invalid duration "x"'),
        ("quantity('x')", "quantities must match the regular expression"),
        ("optional.none().value()", "optional.none() dereference"),
        ("size(1)", "no such overload: size"),
        ("self.name.startsWith('a', 'b', 'c', 'd')", "no such overload: startsWith"),
        ("self.tags.all(t, t)", "no such overload"),
        ("self.tags.all(t, t == 'a' || t.x)", "no such overload"),
        ("1 || true", ""),
    ],
)
def test_what_has_no_value(text: str, message: str) -> None:
    if not message:
        assert value(text) is True
        return
    with pytest.raises(EvaluationError) as problem:
        value(text)
    assert message in str(problem.value)


def test_a_budget_ends_what_is_endless() -> None:
    many = "[1,2,3,4,5,6,7,8,9,10]"
    nested = f"{many}.all(a, {many}.all(b, {many}.all(c, {many}.all(d, a + b + c + d > 0))))"
    with pytest.raises(Spent):
        value(nested, 10_000)
    assert value(nested, 300_000) is True


def test_equality_of_types() -> None:
    assert equal(UInt(1), 1.0) and not equal(True, 1) and not equal("1", 1) and not equal(None, False)
    assert equal(Duration(1), Duration(1)) and not equal([1], {"0": 1})
