from __future__ import annotations

import pytest

from hythe.errors import InvalidArgument, Unsupported
from hythe.kernel import mounts, overlay
from hythe.kernel.mount_options import parse


def test_later_words_win() -> None:
    options = parse(["ro", "nosuid", "rw"], destination="/x")
    assert options.add == mounts.MOUNT_ATTR_NOSUID
    assert options.remove & mounts.MOUNT_ATTR_RDONLY


def test_words_for_the_whole_tree() -> None:
    options = parse(["rbind", "rro", "rnosuid", "rslave"], destination="/x")
    assert options.bind
    assert options.recursive
    assert options.add == 0
    assert options.tree_add == mounts.MOUNT_ATTR_RDONLY | mounts.MOUNT_ATTR_NOSUID
    assert options.propagation == mounts.MS_SLAVE
    assert options.tree_propagation


def test_unknown_words_are_the_file_systems() -> None:
    options = parse(["size=64m", "mode=1777", "inode64", "newinstance"], destination="/x")
    assert options.data == (("size", "64m"), ("mode", "1777"), ("inode64", None))


@pytest.mark.parametrize("word", ["idmap=uids=0-1-2", "ridmap=1", "tmpcopyup", "remount"])
def test_what_is_not_there_is_refused_by_name(word: str) -> None:
    with pytest.raises(Unsupported, match=f"/dest.*{word}"):
        parse([word], destination="/dest")


def test_overlay_layers() -> None:
    layers = overlay.from_options(
        ["lowerdir+=/a:b", "lowerdir+=/c", "upperdir=/u", "workdir=/w", "index=off"]
    )
    assert layers == overlay.Layers(["/a:b", "/c"], "/u", "/w", [("index", "off")])
    assert overlay.from_options(["lowerdir=/a:/b"]).lower == ["/a", "/b"]


@pytest.mark.parametrize("words", [[], ["lowerdir+=/a", "upperdir=/u"]])
def test_overlay_that_cannot_be(words: list[str]) -> None:
    with pytest.raises(InvalidArgument):
        overlay.from_options(words)
