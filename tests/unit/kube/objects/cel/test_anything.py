"""Whatever is written as a rule: it is refused, it has a value, or it has none; nothing else ever happens."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hythe.kube.objects.cel.checking import check
from hythe.kube.objects.cel.evaluation import KNOWN, Evaluator
from hythe.kube.objects.cel.parser import parse
from hythe.kube.objects.cel.syntax import CompileError
from hythe.kube.objects.cel.types import DYN
from hythe.kube.objects.cel.values import EvaluationError

WORDS = [
    "self", "a", "1", "2u", "1.5", "'x'", "b'y'", "true", "null", "[", "]", "{", "}", "(", ")", ".", ",", ":", "?",
    "+", "-", "*", "/", "%", "!", "&&", "||", "==", "<", "in", "has", "all", "map", "'", '"', "\\", "//", " ", "\n",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from([*WORDS, *sorted(KNOWN)]), max_size=12).map(" ".join) | st.text(max_size=20)

LEAVES = st.sampled_from(
    ["self", "1", "-1", "9223372036854775807", "2u", "1.5", "''", "'a,b'", "b'y'", "true", "null", "[]", "[1, 2]", "{}",
     "{'a': 1}", "['x', 'y']", "duration('1h')", "timestamp('2026-01-01T00:00:00Z')", "timestamp(253402300800)",
     "quantity('1Gi')", "ip('10.0.0.1')", "cidr('10.0.0.0/8')", "url('https://a.example')", "optional.of(1)"]
)  # fmt: skip
NAMES = st.sampled_from(sorted(name for name in KNOWN if name.isidentifier()))
OPERATORS = st.sampled_from(["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "in", "&&", "||"])


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, OPERATORS, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
        st.builds("{}.{}({})".format, inner, NAMES, st.lists(inner, max_size=3).map(", ".join)),
        st.builds("{}({})".format, NAMES, inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("{}.{}(v, {})".format, inner, st.sampled_from(["all", "exists", "map", "filter"]), inner),
    )


EXPRESSIONS = st.recursive(LEAVES, _larger, max_leaves=6)
VALUES: Any = {"a": [1, "x", None], "b": {"c": 1.5}}


def happens(text: str) -> None:
    try:
        node = parse(text)
    except CompileError as problem:
        assert problem.shown(text).startswith("ERROR: <input>:")
        return
    try:
        check(node, {"self": DYN})
    except CompileError as problem:
        assert problem.shown(text)
    try:
        Evaluator(2000).value(node, {"self": VALUES})
    except EvaluationError as problem:
        assert str(problem)


@settings(max_examples=80, deadline=None)
@given(TEXTS)
def test_any_text(text: str) -> None:
    happens(text)


@settings(max_examples=120, deadline=None)
@given(EXPRESSIONS)
def test_any_expression(text: str) -> None:
    happens(text)


def test_texts_do_not_grow_without_end() -> None:
    doubled = "'a'" + ".replace('a', 'aa')" * 40
    filled = "'" + "a" * 100 + "'" + ".replace('a', '" + "b" * 1000 + "').replace('b', '" + "c" * 1000 + "')"
    for text in (doubled, filled):
        try:
            Evaluator(200_000).value(parse(text), {})
        except EvaluationError as problem:
            assert "cost limit exceeded" in str(problem)
        else:
            raise AssertionError(text[:40])
