"""Lines of JSON in any pieces."""

from __future__ import annotations

import pytest

from hythe.errors import InvalidArgument
from hythe.wire import jsonlines


def test_documents_come_out_as_lines_end() -> None:
    decoder = jsonlines.Decoder()
    assert list(decoder.feed(b'{"a": 1}\r\n{"b"')) == [{"a": 1}]
    assert list(decoder.feed(b": 2}\n\n")) == [{"b": 2}]
    assert list(decoder.finish()) == []


def test_the_last_line_may_lack_its_end() -> None:
    decoder = jsonlines.Decoder()
    assert list(decoder.feed(b"[1]")) == []
    assert list(decoder.finish()) == [[1]]


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="not a JSON document"):
        list(jsonlines.Decoder().feed(b"oops\n"))
