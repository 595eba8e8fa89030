"""The list of what is implemented is made from the schema."""

from __future__ import annotations

from pathlib import Path

from hythe.compose.coverage import markdown, rows


def test_rows() -> None:
    found = {row.path: row for row in rows()}
    assert found["services.NAME.build.args"].supported
    assert not found["services.NAME.links"].supported and found["services.NAME.links"].instead
    assert "| `services.NAME.image` | yes |" in markdown()


def test_the_document_is_current() -> None:
    document = Path(__file__).parents[3] / "docs" / "compose.md"
    assert document.read_text() == markdown(), "run: python -m hythe.compose.coverage > docs/compose.md"
