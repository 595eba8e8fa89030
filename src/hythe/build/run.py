"""RUN: the command worked out, run by the executor in its own snapshot, and what it left made a layer."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from hythe.build import mounts, stubs
from hythe.build.api import RunFailed, RunStep
from hythe.build.cache import step_key
from hythe.build.context import Source
from hythe.build.graph import StagePlan
from hythe.build.state import StageState
from hythe.build.syntax.nodes import Run
from hythe.build.workshop import Workshop
from hythe.oci.spec import Mount

DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SCRIPTS: Final = "/dev/pipes"


@dataclass(frozen=True)
class _Command:
    """`args` to run; `text` for people; `script`: (name, content) of a file the command needs, or None."""

    args: list[str]
    text: str
    script: tuple[str, str] | None = None


def perform(
    step: Run, state: StageState, plan: StagePlan, done: Mapping[int, StageState], shop: Workshop
) -> None:
    """Do the RUN. Raises RunFailed for an exit code other than 0, CannotStart when it could not be run."""
    settings = state.describer.settings
    command = _command(step, settings.shell_words())
    counted, proxies = state.describer.scope.for_run(settings.environment())
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(dir=shop.temporary))

        def open_source(name: str) -> Source:
            return shop.origins.open(name, plan, done)

        prepared = mounts.prepare(
            step.mounts,
            mounts.MountContext(
                expand=state.describer.expand,
                open_source=open_source,
                secrets=shop.options.secrets,
                working_dir=settings.working_dir or "/",
                caches=shop.caches,
                temporary=Path(folder),
                stack=stack,
            ),
        )
        if command.script is not None:
            prepared.mounts.append(_script(command.script, Path(folder)))
        network = shop.options.network if step.network == "default" else step.network
        key = step_key(
            state.key, "RUN", command.args, command.script, counted, prepared.key, network, shop.epoch
        )
        prefix = (
            f"|{len(counted)} {' '.join(f'{k}={v}' for k, v in sorted(counted.items()))} " if counted else ""
        )

        def make(id: str, root: Sequence[Mount]) -> None:
            env = _environment(settings.environment(), counted | proxies | prepared.env)
            order = _order(state, shop, id, root, command.args, env, prepared.mounts, network)
            _run(order, command.text, shop)

        shop.step(state, key, prefix + command.text, make)


def _command(step: Run, shell: list[str]) -> _Command:
    words = list(step.command.words)
    if not step.command.shell:
        return _Command(words, " ".join(words))
    line = words[0]
    if len(step.heredocs) == 1 and line == step.heredocs[0].word:
        document = step.heredocs[0]
        if document.content.startswith("#!"):
            path = f"{_SCRIPTS}/{document.name}"
            text = f"{line}\n{document.content}{document.name}"
            return _Command([path], " ".join([*shell, text]), (document.name, document.content))
        return _Command([*shell, document.content], " ".join([*shell, document.content]))
    for document in step.heredocs:
        line += f"\n{document.raw}{document.name}"
    return _Command([*shell, line], " ".join([*shell, line]))


def _script(script: tuple[str, str], folder: Path) -> Mount:
    """A here-document that begins with #!: an executable file, seen by this command only."""
    place = folder / "script"
    place.write_text(script[1], encoding="utf-8", errors="surrogateescape")
    place.chmod(0o755)
    target = posixpath.join(_SCRIPTS, script[0])
    return Mount(destination=target, type="bind", source=str(place), options=["rbind", "ro"])


def _environment(image: Mapping[str, str], more: Mapping[str, str]) -> list[str]:
    values = {"PATH": DEFAULT_PATH, **more, **image}
    return [f"{name}={value}" for name, value in values.items()]


def _order(
    state: StageState,
    shop: Workshop,
    id: str,
    root: Sequence[Mount],
    args: list[str],
    env: list[str],
    extra: list[Mount],
    network: str,
) -> RunStep:
    settings, options = state.describer.settings, shop.options
    return RunStep(
        rootfs=root,
        mounts=extra,
        args=args,
        env=env,
        cwd=settings.working_dir or "/",
        user=settings.user,
        network=network,
        hosts=options.extra_hosts,
        id=id,
        limits=options.limits,
        cancelled=options.cancelled,
    )


def _run(order: RunStep, text: str, shop: Workshop) -> None:
    missing = stubs.missing(order.rootfs, [mount["destination"] for mount in order.mounts])
    shop.reporter.running(order.id)
    write, end = shop.reporter.output()
    try:
        code = shop.executor.run(order, write)
    finally:
        end()
    shop.check_cancelled()
    if code != 0:
        raise RunFailed(text, code)
    stubs.clear(order.rootfs, missing)
