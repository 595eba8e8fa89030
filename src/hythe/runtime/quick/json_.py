"""json: `loads` and `dumps` on the C scanner and encoder, without the regular expressions of the Python ones.

Whatever these do not like is done again by the real module, which has the words for what is wrong.
"""
# mypy: ignore-errors

from __future__ import annotations

from _json import encode_basestring_ascii, make_encoder, make_scanner

from hythe.runtime.quick import lacking, real


class _Context:
    """What the scanner asks for (json.decoder.JSONDecoder)."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int = float, int
    memo: dict[str, str] = {}  # noqa: RUF012

    @staticmethod
    def parse_constant(name):
        return {"-Infinity": float("-inf"), "Infinity": float("inf"), "NaN": float("nan")}[name]


_scan = make_scanner(_Context)


def loads(text, **options):
    plain = text.decode() if isinstance(text, (bytes, bytearray)) else text
    try:
        start = len(plain) - len(plain.lstrip(" \t\n\r"))
        value, end = _scan(plain, start)
        if not options and not plain[end:].strip(" \t\n\r"):
            return value
    except (StopIteration, ImportError, ValueError):
        pass
    return real("json").loads(text, **options)


def dumps(value, **options):
    options = {name: option for name, option in options.items() if option is not None}
    indent = options.pop("indent", None)
    if options.keys() - {"separators"} or (indent is not None and options):
        return real("json").dumps(value, indent=indent, **options)
    if indent is not None:
        return _indented(value, "\n", " " * indent)
    items, keys = options.get("separators") or (", ", ": ")
    encode = make_encoder({}, _refuse, encode_basestring_ascii, None, keys, items, False, False, True)
    return "".join(encode(value, 0))


def _indented(value, start, step):
    """As the real one does it; `start` is what a line begins with."""
    if not value or not isinstance(value, (dict, list, tuple)):
        return dumps(value)
    inner = start + step
    if isinstance(value, dict):
        items = (f"{dumps(str(key))}: {_indented(value[key], inner, step)}" for key in value)
        return "{" + inner + f",{inner}".join(items) + start + "}"
    return "[" + inner + f",{inner}".join(_indented(item, inner, step) for item in value) + start + "]"


def _refuse(value):
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def __getattr__(name):
    return lacking("json", name)
