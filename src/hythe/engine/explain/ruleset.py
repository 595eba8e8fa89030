"""Which of the packet filter's rules concern a container, from their text in nft's own language (nft(8)).

    table inet hythe_1f2e3d {              header of the table
        map published {                    a set or map: its elements that name one of the words
            elements = { tcp . 8080 : 10.225.0.2 . 80, ... }
        chain from_host {                  a chain: rules that name a word, or a set that has such an element,
            type nat hook output ...       or lead to a chain with such rules; and all rules of a chain that
            fib daddr type local jump publish          such a rule leads to

Pure: text in, lines out; each line is in the text as it stands. Words are addresses and names of bridges.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

_BLOCK: Final = re.compile(r"^\s*(set|map|chain)\s+(\S+)\s*\{\s*$")
_TABLE: Final = re.compile(r"^table\s+(\S+\s+\S+)\s*\{\s*$")
_REFERENCE: Final = re.compile(r"@(\w+)")
_JUMP: Final = re.compile(r"\b(?:jump|goto)\s+(\w+)")
_TOKEN: Final = re.compile(r"[\w.:-]+\*?")


@dataclass
class Block:
    """A set, map or chain. `head` is a chain's hook; `lines` are its rules, or elements, one each."""

    table: str
    kind: str
    name: str
    head: str = ""
    lines: list[str] = field(default_factory=list)


def parse(text: str) -> list[Block]:
    """The blocks of `list table` or `list ruleset`."""
    blocks: list[Block] = []
    table, block, elements = "", None, None
    for line in text.splitlines():
        stripped = line.strip()
        if match := _TABLE.match(line):
            table = match[1]
        elif match := _BLOCK.match(line):
            block = Block(table, match[1], match[2])
            blocks.append(block)
        elif block is None:
            continue
        elif elements is not None or stripped.startswith("elements = {"):
            elements = (elements or "") + " " + stripped.removeprefix("elements = {")
            if stripped.endswith("}"):
                found = elements.strip().removesuffix("}").split(",")
                block.lines += [one.strip() for one in found if one.strip()]
                elements = None
        elif stripped == "}":
            block = None
        elif block.kind == "chain":
            if stripped.startswith("type ") and " hook " in stripped:
                block.head = stripped
            elif stripped:
                block.lines.append(stripped)
    return blocks


def _names(line: str, words: Iterable[str]) -> bool:
    """Whether a word stands in the line as a whole, or is covered by a name that ends with "*"."""
    tokens = _TOKEN.findall(line)
    for word in words:
        if any(t == word or (t.endswith("*") and len(t) > 1 and word.startswith(t[:-1])) for t in tokens):
            return True
    return False


def concerning(blocks: Iterable[Block], words: Iterable[str]) -> list[Block]:
    """The blocks with those lines only that concern the words; blocks without any are left out."""
    every, wanted = list(blocks), [word for word in words if word]
    sets = {
        (block.table, block.name)
        for block in every
        if block.kind != "chain" and any(_names(line, wanted) for line in block.lines)
    }
    chosen = _chosen({(b.table, b.name): b for b in every if b.kind == "chain"}, sets, wanted)
    result = []
    for block in every:
        if block.kind == "chain":
            lines = [line for n, line in enumerate(block.lines) if (block.table, block.name, n) in chosen]
        else:
            lines = [line for line in block.lines if _names(line, wanted)]
        if lines:
            result.append(Block(block.table, block.kind, block.name, block.head, lines))
    return result


def _chosen(
    chains: dict[tuple[str, str], Block], sets: set[tuple[str, str]], words: list[str]
) -> set[tuple[str, str, int]]:
    """(table, chain, number of the line) of all rules that concern the words."""

    def refers(table: str, line: str) -> bool:
        return any((table, name) in sets for name in _REFERENCE.findall(line))

    pending = [
        (*key, number)
        for key, chain in chains.items()
        for number, line in enumerate(chain.lines)
        if _names(line, words) or refers(chain.table, line)
    ]
    chosen: set[tuple[str, str, int]] = set()
    while pending:  # downwards: what such a rule leads to, but for rules about sets that it is not in
        table, name, number = place = pending.pop()
        if place in chosen:
            continue
        chosen.add(place)
        for goal in _JUMP.findall(chains[table, name].lines[number]):
            lines = chains[table, goal].lines if (table, goal) in chains else []
            pending += [
                (table, goal, n)
                for n, line in enumerate(lines)
                if not _REFERENCE.search(line) or refers(table, line)
            ]
    while True:  # upwards: what leads to a chain with such a rule
        reached = {(table, name) for table, name, _ in chosen}
        more = {
            (*key, number)
            for key, chain in chains.items()
            for number, line in enumerate(chain.lines)
            if any((chain.table, goal) in reached for goal in _JUMP.findall(line))
        } - chosen
        if not more:
            return chosen
        chosen |= more
