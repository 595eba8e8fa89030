"""typing: the names that annotations and casts need at run time, and NamedTuple.

Annotations are not evaluated (`from __future__ import annotations`), so most names only have to exist.
"""
# mypy: ignore-errors

from __future__ import annotations

from _collections import _tuplegetter

from hythe.runtime.quick import lacking

TYPE_CHECKING = False


class Any:
    """Also the base of every other name for a type."""

    def __class_getitem__(cls, _):
        return cls


class _Type(Any):
    """What stands for Final, Literal["a"], Protocol, IO[bytes] and the like."""


Final = Literal = Protocol = TypeAlias = NoReturn = ClassVar = Self = IO = _Type


class TypedDict(dict):
    """Subclasses are plain dictionaries. `total` has no effect at run time."""

    def __init_subclass__(cls, **_):
        pass


def cast(_, value):
    return value


def overload(function):
    return function


def _new(cls, *values, **named):
    fields = cls._fields
    if len(values) < len(fields):
        defaults = cls._field_defaults
        try:
            values += tuple(
                named.pop(name) if name in named else defaults[name] for name in fields[len(values) :]
            )
        except KeyError as error:
            raise TypeError(f"{cls.__name__} needs {error}") from None
    if named or len(values) != len(fields):
        raise TypeError(f"{cls.__name__} takes {', '.join(fields)}")
    return tuple.__new__(cls, values)


def _replace(self, **changes):
    values = [changes.pop(name, value) for name, value in zip(self._fields, self, strict=True)]
    return type(self)(*values, **changes)


class _NamedTupleMeta(type):
    """Makes a subclass of tuple of the class that names the fields, as `collections.namedtuple` would."""

    def __new__(cls, name, bases, body):
        if not bases:
            return type.__new__(cls, name, bases, body)
        fields = tuple(body.get("__annotations__", ()))
        defaults = {field: body[field] for field in fields if field in body}
        getters = {field: _tuplegetter(place, "") for place, field in enumerate(fields)}
        extra = {
            "__slots__": (),
            "__new__": _new,
            "_replace": _replace,
            "_fields": fields,
            "_field_defaults": defaults,
        }
        return type(name, (tuple,), {**body, **getters, **extra})


class NamedTuple(metaclass=_NamedTupleMeta):
    """The base to write; subclasses are tuples."""


def __getattr__(name):
    return lacking("typing", name)
