"""Where something stands in a Dockerfile, and the error that points there."""

from __future__ import annotations

from dataclasses import dataclass

from hythe.errors import SyntaxProblem


@dataclass(frozen=True)
class Position:
    """A place in a file that a person wrote; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def problem(self, message: str, hint: str | None = None) -> SyntaxProblem:
        """The error to raise for a mistake at this place."""
        return SyntaxProblem(message, file=self.file, line=self.line, column=self.column, hint=hint)


@dataclass(frozen=True)
class Word:
    """A piece of an instruction as it was written: quotes, escapes and variables still in it."""

    text: str
    at: Position
