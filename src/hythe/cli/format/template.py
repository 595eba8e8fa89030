"""Running Go templates over JSON values: `Template(text).render(value)`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from hythe.cli.format import functions, zeros
from hythe.cli.format.syntax import Action, Block, Command, Operand, Pipeline, Text, parse
from hythe.cli.format.values import Missing, Nil, text, truth
from hythe.errors import InvalidArgument

#: Maps whose keys are the user's: what is missing there has no value, and is no mistake of the template.
_OPEN: Final = frozenset(
    {"Labels", "Options", "Networks", "Ports", "PortBindings", "Env", "Sysctls", "Tmpfs"}
)


class Template:
    """A parsed template. Parsing fails before anything is asked of the daemon."""

    def __init__(self, source: str, *, escapes: bool = False) -> None:
        """`escapes`: as in `syntax.parse`; docker has them in the formats of lists."""
        self._nodes = parse(source, escapes=escapes)

    def render(self, value: Any) -> str:
        """The text for `value`. A field that may be called (`.Label "x"`) is a callable in it."""
        return _Run(value).nodes(self._nodes, value)


class _Run:
    def __init__(self, root: Any) -> None:
        self._variables: dict[str, Any] = {"$": root}

    def nodes(self, nodes: Iterable[Any], dot: Any) -> str:
        return "".join(self._node(node, dot) for node in nodes)

    def _node(self, node: Any, dot: Any) -> str:
        if isinstance(node, Text):
            return node.text
        if isinstance(node, Action):
            value = self._pipeline(node.pipeline, dot)
            return "" if node.pipeline.names else text(value)
        return self._block(node, dot)

    def _block(self, block: Block, dot: Any) -> str:
        value = self._pipeline(block.pipeline, dot)
        if not truth(value):
            return self.nodes(block.otherwise, dot)
        if block.kind == "range":
            return "".join(self._turn(block, key, item) for key, item in _items(value))
        return self.nodes(block.body, value if block.kind == "with" else dot)

    def _turn(self, block: Block, key: Any, item: Any) -> str:
        names = block.pipeline.names
        values = (key, item) if len(names) == 2 else (item,)
        self._variables.update(zip(names, values, strict=False))
        return self.nodes(block.body, item)

    def _pipeline(self, pipeline: Pipeline, dot: Any) -> Any:
        value: Any = None
        for number, command in enumerate(pipeline.commands):
            value = self._command(command, dot, [value] if number else [])
        if len(pipeline.names) == 1:
            self._variables[pipeline.names[0]] = value
        return value

    def _command(self, command: Command, dot: Any, piped: list[Any]) -> Any:
        first, *rest = command.operands
        arguments = [self._operand(operand, dot) for operand in rest] + piped
        if first.kind == "word":
            return functions.call(first.value, arguments)
        value = self._operand(first, dot, call=False)
        if callable(value):
            return functions.apply("." + ".".join(first.chain), value, arguments)
        if arguments:
            raise InvalidArgument("template: a value that is no function is given arguments")
        return value

    def _operand(self, operand: Operand, dot: Any, *, call: bool = True) -> Any:
        value: Any
        if operand.kind == "literal":
            return operand.value
        if operand.kind == "word":
            return functions.call(operand.value, [])
        if operand.kind == "pipeline":
            value = self._pipeline(operand.value, dot)
        elif operand.kind == "variable":
            if operand.value not in self._variables:
                raise InvalidArgument(f"template: undefined variable {operand.value!r}")
            value = self._variables[operand.value]
        else:
            value = dot
        value = _walk(value, operand.chain)
        return (
            functions.apply("." + ".".join(operand.chain), value, []) if call and callable(value) else value
        )


def _walk(value: Any, chain: Iterable[str]) -> Any:
    chain = tuple(chain)
    found = _follow(value, chain)
    return Nil(zeros.shown(chain[-1])) if chain and found is None else found


def _follow(value: Any, chain: Iterable[str]) -> Any:
    open_map = False
    for name in chain:
        if isinstance(value, Missing):
            raise value.error()
        if not isinstance(value, Mapping):
            return Missing(name, ())
        if name not in value and not open_map:
            if name not in zeros.LEFT_OUT:
                return Missing(name, [str(key) for key in value])
            value = None
        elif name not in value:
            return Nil("<no value>")
        else:
            value = value[name]
        open_map = name in _OPEN
    return value


def _items(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, Nil):
        return []
    if isinstance(value, Mapping):
        return [(key, value[key]) for key in sorted(value)]
    if isinstance(value, list | tuple | str):
        return enumerate(value)
    if isinstance(value, int):
        return [(number, number) for number in range(value)]
    raise InvalidArgument(f"template: cannot range over {text(value)!r}")
