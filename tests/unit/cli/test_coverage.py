"""docs/cli.md is what the parsers say, and no flag of docker's is forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from hythe.cli.coverage.compare import missing_globals, rows
from hythe.cli.coverage.document import markdown
from hythe.cli.declared import parser_of, paths
from hythe.cli.main import main


def test_the_document_is_that_of_the_code() -> None:
    document = Path(__file__).parents[3] / "docs" / "cli.md"
    assert document.read_text() == markdown(), "run: python -m hythe.cli.coverage > docs/cli.md"


def test_every_flag_of_docker_is_known() -> None:
    assert missing_globals() == []
    assert {row.path: row.missing for row in rows() if row.missing} == {}
    assert [row.path for row in rows() if not row.there] == []


def test_every_command_declares_its_flags_before_anything_else() -> None:
    apart = {("compose",), ("daemon",)}
    assert [path for path in paths() if path not in apart and parser_of(path) is None] == []


def test_every_alias_of_docker_is_a_command() -> None:
    aliases = [tuple(alias.split()) for row in rows() if row.there for alias in row.aliases]
    assert [alias for alias in aliases if parser_of(alias) is None] == []


def test_what_is_out_of_scope_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["swarm", "init"]) == 1
    assert "Swarm" in capsys.readouterr().err
    assert main(["volume", "update", "x"]) == 1
    assert "Swarm" in capsys.readouterr().err
