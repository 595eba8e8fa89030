"""Which stages a build needs, and in what order.

A stage depends on the stage it is built FROM, on those it copies from (COPY --from) and on those it mounts
(RUN --mount=from=). Only what the target reaches is built; stages that do not depend on each other become
ready together (`Plan.sorter` is a graphlib.TopologicalSorter), which is the seam for building in parallel.

A name in --from means the nearest stage *above*; a number counts stages; anything else is an image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from hythe.build.syntax.expand import expand
from hythe.build.syntax.nodes import Arg, Dockerfile, Instruction, Onbuild, Run, Stage, Transfer
from hythe.build.syntax.parser import parse_trigger
from hythe.build.syntax.position import Word
from hythe.errors import InvalidArgument, NotFound, Unsupported


@dataclass(frozen=True)
class StagePlan:
    """A stage with what it is built from: another stage, an image's name, or nothing ("scratch").

    `steps` are the triggers of the base image (`triggers` of them), then the stage's own instructions.
    """

    stage: Stage
    base_stage: int | None
    base_image: str
    platform: str
    triggers: int
    steps: tuple[Instruction, ...]
    origins: Mapping[str, int]

    def origin(self, name: str) -> int | None:
        """The stage that `name` means in a --from of this stage; None when it is an image."""
        return self.origins.get(name.lower())


@dataclass(frozen=True)
class Plan:
    """The stages to build, by index, and what each waits for."""

    target: int
    stages: Mapping[int, StagePlan]
    needs: Mapping[int, frozenset[int]]

    def sorter(self) -> TopologicalSorter[int]:
        """Gives stages as they become ready; ties in the order of the file."""
        sorter = TopologicalSorter({index: sorted(self.needs[index]) for index in sorted(self.needs)})
        sorter.prepare()
        return sorter

    @property
    def steps(self) -> int:
        """How many steps docker counts: each FROM and each instruction (triggers not counted)."""
        return sum(1 + len(plan.steps) - plan.triggers for plan in self.stages.values())


def plan(
    dockerfile: Dockerfile,
    target: str,
    values: Mapping[str, str],
    triggers_of: Callable[[str, str], Sequence[str]],
) -> Plan:
    """The plan for `target` ("" = the last stage). `values` are the global arguments.

    `triggers_of(image, platform)` gives the ONBUILD lines of an image; it raises when there is no such image,
    so that a missing base is known before anything runs.
    """
    wanted = _target(dockerfile.stages, target)
    stages: dict[int, StagePlan] = {}
    needs: dict[int, frozenset[int]] = {}
    waiting = [wanted]
    while waiting:
        index = waiting.pop()
        if index in stages:
            continue
        stages[index] = _stage(dockerfile, index, values, triggers_of)
        needs[index] = _needs(stages[index])
        waiting += needs[index]
    return Plan(wanted, stages, needs)


def global_arguments(
    arguments: Sequence[Arg], given: Mapping[str, str], automatic: Mapping[str, str], escape: str
) -> dict[str, str]:
    """The values of the ARGs before the first FROM, build arguments winning over defaults."""
    values = dict(automatic)
    for argument in arguments:
        for name, default in argument.items:
            if name.text in given:
                values[name.text] = given[name.text]
            elif default is not None:
                values[name.text] = expand(default, values, escape)
    return values


def _target(stages: Sequence[Stage], target: str) -> int:
    if not target:
        return len(stages) - 1
    for stage in stages:
        if stage.base.alias == target.lower():
            return stage.index
    if target.isdecimal() and int(target) < len(stages):
        return int(target)
    names = ", ".join(stage.base.alias or str(stage.index) for stage in stages)
    raise InvalidArgument(
        f'failed to reach build target {target} in Dockerfile: target stage "{target}" could not be found',
        hint=f"there is {names}",
    )


def _stage(
    dockerfile: Dockerfile,
    index: int,
    values: Mapping[str, str],
    triggers_of: Callable[[str, str], Sequence[str]],
) -> StagePlan:
    stage = dockerfile.stages[index]
    image = expand(stage.base.image, values, dockerfile.escape)
    if not image:
        raise stage.base.image.at.problem(
            f"base name ({stage.base.image.text}) should not be blank",
            "give the ARG a default before the first FROM, or pass --build-arg",
        )
    platform = expand(stage.base.platform, values, dockerfile.escape) if stage.base.platform else ""
    origins: dict[str, int] = {}
    for earlier in dockerfile.stages[:index]:
        origins[str(earlier.index)] = earlier.index
        if earlier.base.alias:
            origins[earlier.base.alias] = earlier.index
    base = next(
        (
            earlier.index
            for earlier in reversed(dockerfile.stages[:index])
            if earlier.base.alias == image.lower()
        ),
        None,
    )
    lines: Sequence[str]
    if base is not None:
        lines = [step.trigger for step in dockerfile.stages[base].steps if isinstance(step, Onbuild)]
    else:
        lines = _base_triggers(stage, image, platform, triggers_of)
    triggers = [parse_trigger(line, f"ONBUILD of {image}") for line in lines]
    steps = (*triggers, *stage.steps)
    found = StagePlan(stage, base, image, platform, len(triggers), steps, origins)
    _check_numbers(found)
    return found


def _base_triggers(
    stage: Stage, image: str, platform: str, triggers_of: Callable[[str, str], Sequence[str]]
) -> Sequence[str]:
    if image == "scratch":
        return []
    try:
        return triggers_of(image, platform)
    except NotFound as error:
        raise NotFound(f"{stage.base.image.at}: {error.message}", hint=error.hint) from error
    except Unsupported as error:
        raise Unsupported(f"{stage.base.at}: {error.message}", hint=error.hint) from error


def _needs(plan: StagePlan) -> frozenset[int]:
    names = {word.text for word in _froms(plan)}
    found = {index for name in names if (index := plan.origin(name)) is not None}
    return frozenset(found if plan.base_stage is None else found | {plan.base_stage})


def _froms(plan: StagePlan) -> list[Word]:
    """The --from of every COPY and every mount."""
    words = []
    for step in plan.steps:
        if isinstance(step, Transfer) and step.source_stage is not None:
            words.append(step.source_stage)
        elif isinstance(step, Run):
            words += [mount.fields["from"] for mount in step.mounts if "from" in mount.fields]
    return words


def _check_numbers(plan: StagePlan) -> None:
    for word in _froms(plan):
        if word.text.isdecimal() and plan.origin(word.text) is None:
            raise word.at.problem(
                f"invalid from flag value {word.text}: no such earlier stage",
                f"this is stage {plan.stage.index}; those before it have smaller numbers",
            )
        if plan.stage.base.alias and word.text.lower() == plan.stage.base.alias:
            raise word.at.problem(f"a stage cannot copy from itself: {word.text}")
