"""What Kubernetes takes as a name of its own things in labels: qualified names, label values, DNS subdomains.

Each function returns the problems with a value, as a list of Kubernetes' sentences (with the regular expression and
examples in them, as its users know them); an empty list means that the value is good.

Source: k8s.io/apimachinery, pkg/util/validation.
"""

from __future__ import annotations

import re
from typing import Final

_QUALIFIED: Final = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_QUALIFIED_TEXT: Final = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character"
)
_VALUE: Final = f"({_QUALIFIED})?"
_VALUE_TEXT: Final = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character"
)
_LABEL: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"
_SUBDOMAIN_TEXT: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character"
)
_LABEL_TEXT: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
    "end with an alphanumeric character"
)
_DNS1035: Final = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_DNS1035_TEXT: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with an alphanumeric character"
)


def regex_error(text: str, pattern: str, *examples: str) -> str:
    """Kubernetes' sentence about a value that does not match; the odd commas are its own."""
    if not examples:
        return f"{text} (regex used for validation is '{pattern}')"
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{text} (e.g. {shown}regex used for validation is '{pattern}')"


def _max_length(length: int) -> str:
    return f"must be no more than {length} characters"


def qualified_name(value: str) -> list[str]:
    """Problems with a label's or annotation's key: `[prefix/]name`."""
    prefix, slash, name = value.rpartition("/")
    if value.count("/") > 1:
        return [
            "a qualified name "
            + regex_error(_QUALIFIED_TEXT, _QUALIFIED, "MyName", "my.name", "123-abc")
            + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ]
    problems: list[str] = []
    if slash:
        found = dns_subdomain(prefix) if prefix else ["must be non-empty"]
        problems += [f"prefix part {problem}" for problem in found]
    if not name:
        problems.append("name part must be non-empty")
    elif len(name.encode()) > 63:
        problems.append(f"name part {_max_length(63)}")
    if not re.fullmatch(_QUALIFIED, name):
        problems.append(
            "name part " + regex_error(_QUALIFIED_TEXT, _QUALIFIED, "MyName", "my.name", "123-abc")
        )
    return problems


def label_value(value: str) -> list[str]:
    """Problems with the value of a label."""
    problems = [_max_length(63)] if len(value.encode()) > 63 else []
    if not re.fullmatch(_VALUE, value):
        problems.append(regex_error(_VALUE_TEXT, _VALUE, "MyValue", "my_value", "12345"))
    return problems


def dns_subdomain(value: str) -> list[str]:
    """Problems with a lowercase RFC 1123 subdomain: the names of most objects."""
    problems = [_max_length(253)] if len(value.encode()) > 253 else []
    if not re.fullmatch(_SUBDOMAIN, value):
        problems.append(regex_error(_SUBDOMAIN_TEXT, _SUBDOMAIN, "example.com"))
    return problems


def dns_label(value: str) -> list[str]:
    """Problems with a lowercase RFC 1123 label: the names of namespaces."""
    problems = [_max_length(63)] if len(value.encode()) > 63 else []
    if not re.fullmatch(_LABEL, value) and re.fullmatch(_SUBDOMAIN, value):
        problems.append("must not contain dots")
    elif not re.fullmatch(_LABEL, value):
        problems.append(regex_error(_LABEL_TEXT, _LABEL, "my-name", "123-abc"))
    return problems


def dns1035_label(value: str) -> list[str]:
    """Problems with a DNS-1035 label, which begins with a letter: the names of services."""
    problems = [_max_length(63)] if len(value.encode()) > 63 else []
    if not re.fullmatch(_DNS1035, value):
        problems.append(regex_error(_DNS1035_TEXT, _DNS1035, "my-name", "abc-123"))
    return problems


def path_segment(value: str) -> list[str]:
    """Problems with a name that must only be a part of a path: custom objects inside of others."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{each}'" for each in "/%" if each in value]
