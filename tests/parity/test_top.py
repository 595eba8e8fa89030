"""`top`: titles and rows for the options of ps(1) that people use."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.parity.lives import V, make, perform
from tests.parity.raw import Answer, ask
from tests.targets import Target
from tests.waiting import wait_until

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]


def top(target: Target, options: str | None = None) -> Answer:
    query = "" if options is None else f"?ps_args={quote(options)}"
    return ask(target, "GET", f"{V}/containers/busy/top{query}")


@pytest.fixture
def busy(target: Target) -> str:
    id = make(target, "busy", "sleep 1000 & exec sleep 2000")
    assert perform(target, id, "start").status == 204
    wait_until(lambda: [row[-1] for row in top(target).json["Processes"]] == ["sleep 2000", "sleep 1000"])
    return id


@pytest.mark.parametrize(
    ("options", "titles"),
    [
        (None, "UID PID PPID C STIME TTY TIME CMD"),
        ("-ef", "UID PID PPID C STIME TTY TIME CMD"),
        ("aux", "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND"),
        ("-aux", "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND"),
        ("-e", "PID TTY TIME CMD"),
        ("ax", "PID TTY STAT TIME COMMAND"),
        ("-eopid,user", "PID USER"),
        ("-o pid,ppid,comm", "PID PPID COMMAND"),
        ("-e -o pid,stat,args", "PID STAT COMMAND"),
        ("-eo pid,rss,vsz,nlwp,ni,etime,cmd", "PID RSS VSZ NLWP NI ELAPSED CMD"),
        ("-eo pid,comm=PROGRAM", "PID PROGRAM"),
        ("--format pid,uid -e", "PID UID"),
    ],
)
def test_columns(target: Target, busy: str, options: str | None, titles: str) -> None:
    shown = top(target, options)
    assert shown.status == 200 and shown.json["Titles"] == titles.split(), shown
    rows = shown.json["Processes"]
    if options not in ("-o pid,ppid,comm",):  # without -e, ps shows only what is on its own terminal
        assert len(rows) == 2 and all(len(row) == len(titles.split()) for row in rows), rows


def test_what_a_row_says(target: Target, busy: str) -> None:
    pid = target.inspect("busy")["State"]["Pid"]
    rows = top(target, "-eo pid,ppid,s,rss,comm,args").json["Processes"]
    first, second = rows
    assert (first[0], first[2], first[4], first[5]) == (str(pid), "S", "sleep", "sleep 2000")
    assert second[1] == str(pid) and int(second[3]) >= 0


@pytest.mark.parametrize("options", ["--nonsense", "-eo nonsense", "-eo"])
def test_options_that_there_are_not(target: Target, busy: str, options: str) -> None:
    assert top(target, options).status in (400, 500, 501)
