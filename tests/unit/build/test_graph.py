"""Which stages a target needs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hythe.build import graph
from hythe.build.syntax.nodes import Run
from hythe.build.syntax.parser import parse
from hythe.errors import InvalidArgument, SyntaxProblem

TEXT = """\
ARG V=1
FROM base:${V} AS one
RUN a
FROM base AS unused
RUN b
FROM one AS two
COPY --from=three x y
FROM scratch AS late
COPY --from=0 x y
RUN --mount=from=two,target=/t c
"""


def no_triggers(image: str, platform: str) -> Sequence[str]:
    return []


def plan(text: str, target: str = "", **values: str) -> graph.Plan:
    dockerfile = parse(text)
    outer = graph.global_arguments(dockerfile.arguments, values, {}, dockerfile.escape)
    return graph.plan(dockerfile, target, outer, no_triggers)


def order(found: graph.Plan) -> list[int]:
    sorter, done = found.sorter(), []
    while sorter.is_active():
        for index in sorter.get_ready():
            done.append(index)
            sorter.done(index)
    return done


def test_unused_stages_are_left_out() -> None:
    found = plan(TEXT)
    assert order(found) == [0, 2, 3]
    assert found.stages[0].base_image == "base:1"
    assert found.steps == 2 + 2 + 3


def test_target_by_name_and_number() -> None:
    assert order(plan(TEXT, "ONE")) == [0]
    assert order(plan(TEXT, "1")) == [1]
    with pytest.raises(InvalidArgument, match="could not be found"):
        plan(TEXT, "nope")


def test_arguments_reach_from() -> None:
    assert plan(TEXT, "one", V="2").stages[0].base_image == "base:2"
    with pytest.raises(SyntaxProblem, match="should not be blank"):
        plan("ARG X\nFROM $X\n")


def test_a_name_that_is_no_earlier_stage_is_an_image() -> None:
    found = plan(TEXT)
    assert found.stages[2].origin("three") is None
    assert found.stages[3].origin("Two") == 2


@pytest.mark.parametrize(
    "text", ["FROM a\nCOPY --from=0 x y\n", "FROM a\nCOPY --from=7 x y\n", "FROM a AS b\nCOPY --from=b x y\n"]
)
def test_wrong_origins(text: str) -> None:
    with pytest.raises(SyntaxProblem):
        plan(text)


def test_triggers_run_first() -> None:
    found = graph.plan(parse("FROM a\nRUN own\n"), "", {}, lambda image, platform: ["RUN first"])
    first, second = found.stages[0].steps
    assert isinstance(first, Run)
    assert first.command.words == ("first",)
    assert isinstance(second, Run)
    assert found.stages[0].triggers == 1
    assert found.steps == 2
