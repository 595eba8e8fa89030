"""What stop, start, restart, kill, pause, unpause and rm have in common: an action on containers that exist."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hythe.compose.model import Project
from hythe.compose.session import Session
from hythe.compose.state import Container
from hythe.compose.stopping import in_reverse
from hythe.errors import Conflict, NotFound

Action = Callable[[Container], object]


def each(
    session: Session,
    project: Project,
    containers: Sequence[Container],
    words: tuple[str, str],
    action: Action,
) -> None:
    """Do `action` for each, dependents first, shown by `words`: (what is being done, what was done).

    A container that has gone, or is in no state for it, is left as it is.
    """
    with session.progress() as progress:

        def work(one: Container) -> None:
            thing = f"Container {one.name}"
            progress.show(thing, words[0])
            try:
                action(one)
            except (Conflict, NotFound) as error:
                progress.say(f"warning: {error.message}")
                return
            progress.show(thing, words[1])

        in_reverse(project, containers, work)
