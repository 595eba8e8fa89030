"""The rows of `hythe demo isolation`: what a neighbour does, and what its victim feels of it, in a place.

Each is one function that starts both in a `Place` and says what became of the victim; `held` is whether it was left
alone. On the bare machine it is not, in a container it is: MISSION's S1 to S6.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from hythe.cli.demos.places import Place, Program

_MEGA: Final = 1 << 20
_READY: Final = 20.0


class Felt(NamedTuple):
    """What the victim felt, in words; `held`: nothing of its neighbour."""

    held: bool
    words: str


class Row(NamedTuple):
    """`key` is MISSION's; `measure` is given seconds to watch."""

    key: str
    neighbour: str
    measure: Callable[[Place, float], Felt]


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look again and again: a plain process on the bare side has nothing that could be waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _ready(program: Program, word: str = "ready") -> None:
    _until(lambda: word in program.output() or program.ended() is not None, _READY)


def _counted(place: Place, name: str, script: str, seconds: float) -> int:
    """What a script says at TERM that it has got done by then."""
    victim = place.start(name, script, {})
    _ready(victim)
    time.sleep(seconds)
    victim.stop()
    words = victim.output().split()
    return int(words[-1]) if words[-1:] and words[-1].isdigit() else 0


def dependencies(place: Place, seconds: float) -> Felt:
    """Two programs that want two versions of one library, at one path."""
    install = "mkdir -p lib; echo 'greet() { echo %s; }' > lib/greet.sh; echo ready; sleep 1000"
    use = "; while sleep 0.2; do . ./lib/greet.sh; greet; done"
    victim = place.start("victim", install.replace("%s", "1.0").replace("; sleep 1000", use), {})
    _ready(victim, "1.0")
    neighbour = place.start("neighbour", install.replace("%s", "2.0"), {})
    _ready(neighbour)
    time.sleep(0.6)
    last = (victim.output().split() or ["nothing"])[-1]
    return Felt(last == "1.0", f"asks for 1.0 and finds {last}")


def memory(place: Place, seconds: float) -> Felt:
    """The kernel takes the largest when memory runs out, whoever used it up."""
    hold = 'x=$(head -c %d /dev/zero | tr "\\0" x); echo ready; while :; do sleep 1; done'
    victim = place.start("victim", hold % (60 * _MEGA), {"Memory": 160 * _MEGA, "MemorySwap": 160 * _MEGA})
    _ready(victim)
    leak = f"for i in $(seq 30); do ({hold % (10 * _MEGA)}) & sleep 0.05; done; wait"
    limit = {"Memory": 96 * _MEGA, "MemorySwap": 96 * _MEGA, "PidsLimit": 200}
    neighbour = place.start("neighbour", leak, limit)
    _until(lambda: victim.ended() is not None or neighbour.ended() is not None, 20 + seconds)
    time.sleep(0.5)
    end = victim.ended()
    if end is not None:
        return Felt(False, f"killed for its neighbour's leak (exit {end.code})")
    felt = "lives, with its 60 MiB"
    neighbour.stop()
    told = neighbour.ended()
    if told is not None and told.oom:
        felt += f"; the neighbour alone was OOM-killed (exit {told.code}), and that is reported"
    return Felt(True, felt)


def processors(place: Place, seconds: float) -> Felt:
    """Busy loops, four for each processor; the victim counts what it gets done."""
    count = "i=0; trap 'echo $i; exit' TERM; echo ready; while :; do i=$((i+1)); done"

    def spin() -> list[Program]:
        loops = "(while :; do :; done) & " * (4 * (os.cpu_count() or 1))
        neighbour = place.start("neighbour", f"{loops}echo ready; wait", {"NanoCpus": 500_000_000})
        _ready(neighbour)
        return [neighbour]

    return _beside(place, count, "work", spin, seconds)


def storage(place: Place, seconds: float) -> Felt:
    """Bulk writing, past the cache; the victim counts its reads of 4 KiB."""
    read = (
        f"head -c 1048576 /dev/zero > {place.bulk}/mine; i=0; trap 'echo $i; exit' TERM; echo ready; while :; do "
        f"dd if={place.bulk}/mine of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null || break; i=$((i+1)); done"
    )
    limits = {"BlkioDeviceWriteBps": [{"Path": place.device, "Rate": 4 * _MEGA}] if place.device else []}

    def write() -> list[Program]:
        files = [f"{place.bulk}/bulk{number}" for number in range(4)]
        endless = "while :; do dd if=/dev/zero of=%s bs=4M count=16 oflag=direct; done"
        neighbours = [place.start("neighbour", endless % file, limits) for file in files]
        time.sleep(0.5)
        return neighbours

    return _beside(place, read, "reads", write, seconds)


def _beside(
    place: Place, script: str, what: str, neighbours: Callable[[], list[Program]], seconds: float
) -> Felt:
    """What a victim that counts gets done beside its neighbours, of what it gets done alone."""
    alone = _counted(place, "alone", script, seconds)
    disturbing = neighbours()
    beside = _counted(place, "beside", script, seconds)
    for neighbour in disturbing:
        neighbour.stop()
    share = beside / alone if alone else 0.0
    return Felt(share > 0.6, f"gets {share:.0%} of its {what} done")


def processes(place: Place, seconds: float) -> Felt:
    """A fork bomb: the victim needs a process five times a second."""
    beat = "echo ready; while :; do sleep 0.2 || break; echo beat; done; echo cannot"
    victim = place.start("victim", beat, {"PidsLimit": 20})
    _ready(victim)
    # not a loop of the shell's own, which would give up when it cannot fork
    fork = 'if (system("sleep 100 &") != 0 && !full++) { print "ready"; fflush() }'
    bombs = f"for _ in 1 2 3 4; do awk 'BEGIN {{ while (1) {fork} }}' & done; wait"
    neighbour = place.start("neighbour", bombs, {"PidsLimit": 40})
    _ready(neighbour)
    before = victim.output().count("beat")
    time.sleep(1.5)
    beats = victim.output().count("beat") - before
    neighbour.stop()
    alive = victim.ended() is None and beats > 2
    return Felt(
        alive, f"{min(beats, 7)} of 7 processes started" if alive else "cannot start a process: fork fails"
    )


def disk(place: Place, seconds: float) -> Felt:
    """The neighbour writes until there is no more room."""
    neighbour = place.start("neighbour", "dd if=/dev/zero of=full bs=64k; echo ready; sleep 1000", {})
    _ready(neighbour)
    victim = place.start(
        "victim", "echo data > mine && [ -s mine ] && echo written; echo ready; sleep 1000", {}
    )
    _ready(victim)
    held = "written" in victim.output()
    return Felt(held, "writes as ever" if held else "cannot write: no space left")


def crash(place: Place, seconds: float) -> Felt:
    """The neighbour dies of a fault and takes its process group along, as a broken supervisor does."""
    victim = place.start("victim", "echo ready; while sleep 0.2; do echo beat; done", {})
    _ready(victim)
    aim = "for p in /proc/[0-9]*; do grep -qs beat $p/cmdline && kill -9 ${p#/proc/}; done; kill -SEGV $$"
    neighbour = place.start("neighbour", aim, {})
    _until(lambda: neighbour.ended() is not None, 5)
    time.sleep(0.5)
    end = victim.ended()
    return Felt(
        end is None, "not seen, not signalled" if end is None else f"found and killed (exit {end.code})"
    )


def files(place: Place, seconds: float) -> Felt:
    """A neighbour with the same user looks for the victim's secret."""
    victim = place.start("victim", "umask 077; echo hush > secret; echo ready; sleep 1000", {})
    _ready(victim)
    neighbour = place.start(
        "neighbour", "cat secret; cat /proc/[0-9]*/cwd/secret; echo ready; sleep 1000", {}
    )
    _ready(neighbour)
    read = "hush" in neighbour.output()
    return Felt(not read, "its secret was read" if read else "its secret stays its own")


def ports(place: Place, seconds: float) -> Felt:
    """Both want the same port."""
    serve = "httpd -f -p 127.0.0.1:%d & p=$!; sleep 0.5; kill -0 $p && echo serving; echo ready; wait"
    number = 20000 + os.getpid() % 10000
    neighbour = place.start("neighbour", serve % number, {})
    _ready(neighbour)
    victim = place.start("victim", serve % number, {})
    _ready(victim)
    held = "serving" in victim.output()
    return Felt(held, "serves on it too" if held else "cannot serve: address already in use")


ROWS: Final = (
    Row("S1", "installs another version of a library", dependencies),
    Row("S2", "leaks memory", memory),
    Row("S3", "runs four busy loops for each processor", processors),
    Row("S4", "writes in bulk, four at a time", storage),
    Row("S5 files", "looks for the victim's files", files),
    Row("S5 port", "has taken the victim's port", ports),
    Row("S6 crash", "kills what it can find, and crashes", crash),
    Row("S6 forks", "forks without end", processes),
    Row("S6 disk", "fills the disk", disk),
)
