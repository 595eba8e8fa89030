"""Building one stage: FROM, then its instructions one after the other."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping, Sequence

from hythe.build import result, run, transfer
from hythe.build.api import RunFailed
from hythe.build.arguments import Scope
from hythe.build.cache import step_key
from hythe.build.describe import Describer
from hythe.build.graph import StagePlan
from hythe.build.rootfs import open_tree
from hythe.build.settings import Settings
from hythe.build.state import StageState
from hythe.build.syntax.nodes import Instruction, Run, Text, Transfer
from hythe.build.workshop import Workshop
from hythe.errors import InvalidArgument, NotFound, SyntaxProblem, Unavailable, Unsupported
from hythe.oci.spec import Mount


def build(
    plan: StagePlan,
    done: Mapping[int, StageState],
    scope: Scope,
    escape: str,
    shop: Workshop,
    extra: Sequence[Instruction] = (),
) -> StageState:
    """The stage, built; `done` has the stages it needs, `extra` are steps after its own."""
    shop.reporter.step(plan.stage.base.original)
    state = _begin(plan, done, scope, escape, shop)
    shop.reporter.state(result.identity(state, shop))
    for number, step in enumerate((*plan.steps, *extra)):
        shop.check_cancelled()
        if number < plan.triggers:
            if number == 0:
                plural = "s" if plan.triggers > 1 else ""
                shop.reporter.line(f"# Executing {plan.triggers} build trigger{plural}")
        else:
            shop.reporter.step(step.original)
        _perform(step, state, plan, done, shop)
        shop.reporter.state(result.identity(state, shop))
    return state


def _begin(
    plan: StagePlan, done: Mapping[int, StageState], scope: Scope, escape: str, shop: Workshop
) -> StageState:
    """The state after FROM; triggers of the base have become steps and are not inherited."""
    if plan.base_stage is not None:
        base = done[plan.base_stage]
        settings = copy.deepcopy(base.describer.settings)
        describer = Describer(settings, base.describer.scope.inherited(), escape)
        describer.author = base.describer.author
        state = dataclasses.replace(
            base, describer=describer, layers=list(base.layers), history=list(base.history)
        )
    elif plan.base_image == "scratch":
        key = step_key("", "scratch", shop.epoch)
        state = StageState(Describer(Settings(), scope, escape), key)
    else:
        state = result.from_image(shop.bases.get(plan.base_image), scope, escape, shop)
    state.describer.settings.triggers = []
    return state


def _perform(
    step: Instruction,
    state: StageState,
    plan: StagePlan,
    done: Mapping[int, StageState],
    shop: Workshop,
) -> None:
    try:
        if isinstance(step, Run):
            run.perform(step, state, plan, done, shop)
        elif isinstance(step, Transfer):
            transfer.perform(step, state, plan, done, shop)
        elif isinstance(step, Text) and step.name == "WORKDIR":
            _workdir(step, state, shop)
        else:
            comment = state.describer.apply(step)
            shop.step(state, step_key(state.key, step.name, comment), state.nop(comment), None)
    except (RunFailed, SyntaxProblem):
        raise
    except InvalidArgument as error:
        raise step.at.problem(error.message, error.hint) from error
    except (Unsupported, NotFound, Unavailable) as error:
        raise type(error)(f"{step.at}: {error.message}", hint=error.hint) from error


def _workdir(step: Text, state: StageState, shop: Workshop) -> None:
    """WORKDIR makes its directory, so it has a layer, unless the directory is there."""
    comment = state.describer.apply(step)
    path = state.describer.settings.working_dir

    def needed() -> bool:
        if path == "/":
            return False
        if state.chain is None:
            return True
        with open_tree(shop.images.snapshots.view(state.chain)) as root:
            return not root.is_directory(path)

    def make(_id: str, mounts: Sequence[Mount]) -> None:
        with open_tree(mounts) as root:
            try:
                root.make_directory(path)
            except NotADirectoryError as error:
                raise step.value.at.problem(f"cannot make {path}: a part of it is a file") from error

    shop.step(state, step_key(state.key, "WORKDIR", path), state.nop(comment), make, needed)
