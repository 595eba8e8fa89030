"""docs/cri.md lists what is served and what is not: all of the interface, and nothing that is not so."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cri_api.v1 import api_pb2

from hythe.api.cri.service import handlers_of
from hythe.api.cri.streaming.server import StreamingServer

DOCUMENT = Path(__file__).parents[4] / "docs/cri.md"


async def test_the_document_is_true() -> None:
    engine: Any = SimpleNamespace(containers=None, networks=None)
    served = set(handlers_of(engine, StreamingServer(engine)))
    every = {
        method.name
        for service in ("RuntimeService", "ImageService")
        for method in api_pb2.DESCRIPTOR.services_by_name[service].methods
    }
    table, _, rest = DOCUMENT.read_text().partition("## What is served")[2].partition("Not served")
    words = re.compile(r"\b[A-Z][A-Za-z]+\b")
    told = {
        word
        for line in table.splitlines()
        if line.startswith("|")
        for word in words.findall(line.split("|")[1])
    }
    assert told == served
    refused = set(words.findall(rest.partition(":")[2].partition("Refused")[0]))
    assert every - served <= refused and not refused & served
