"""Which part of the tree an ordinary user's daemon takes for its own, and what there is without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from hythe.errors import Unsupported
from hythe.kernel.cgroups import delegated
from hythe.kernel.cgroups.absent import LayoutAbsent
from hythe.kernel.cgroups.delegated import LayoutDelegated, find


@pytest.fixture(autouse=True)
def no_manager(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(delegated, "_SYSTEMD", str(tmp_path / "none"))


def tree(folder: Path, place: str) -> tuple[str, str]:
    """(mount point, file like /proc/self/cgroup) with our own group at `place`."""
    group = folder / "cgroup" / place.strip("/")
    group.mkdir(parents=True)
    for name in ("cgroup.procs", "cgroup.subtree_control"):
        (group / name).touch()
    (folder / "own").write_text(f"4:memory:/elsewhere\n0::{place}\n")
    return str(folder / "cgroup"), str(folder / "own")


def test_our_own_group_is_the_top(tmp_path: Path) -> None:
    layout = find(*tree(tmp_path, "/user.slice/app"))
    assert isinstance(layout, LayoutDelegated) and layout.top == f"{tmp_path}/cgroup/user.slice/app"


def test_from_the_group_that_we_moved_to_it_is_found_again(tmp_path: Path) -> None:
    mounted, own = tree(tmp_path, "/app")
    Path(own).write_text("0::/app/hythe-daemon\n")
    layout = find(mounted, own)
    assert isinstance(layout, LayoutDelegated) and layout.top == f"{tmp_path}/cgroup/app"


@pytest.mark.parametrize("place", ["/", "/../outside", "/without/files"])
def test_what_is_not_ours(tmp_path: Path, place: str) -> None:
    mounted, own = tree(tmp_path, "/app")
    Path(own).write_text(f"0::{place}\n")
    assert isinstance(find(mounted, own), LayoutAbsent)


def test_a_service_manager_has_to_have_handed_it_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delegated, "_SYSTEMD", str(tmp_path))
    assert isinstance(find(*tree(tmp_path, "/app")), LayoutAbsent)


def test_without_any_every_limit_is_a_warning() -> None:
    group = LayoutAbsent().group("/a/b")
    warnings = group.limit(
        {"memory": {"limit": 1 << 26}, "pids": {"limit": 5}, "devices": [{"allow": False}]}
    )
    assert len(warnings) == 2 and all("Limitation discarded" in each for each in warnings)
    assert not any(LayoutAbsent().support())
    with pytest.raises(Unsupported, match="cannot be paused"):
        group.freeze()
