"""Forms that values must have: each function returns what is wrong with a value, in Kubernetes' sentences.

Names of objects and labels are in `objects.names`. Source: k8s.io/apimachinery, pkg/util/validation.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any, Final

from hythe.kube.objects import names

BAD_IP: Final = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_CONFIG_KEY: Final = r"[-._a-zA-Z0-9]+"
_HEADER: Final = r"[-A-Za-z0-9]+"
_WILDCARD: Final = r"\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_PERCENT: Final = r"[0-9]+%"


def between(least: int, most: int) -> str:
    return f"must be between {least} and {most}, inclusive"


def port(value: int) -> list[str]:
    return [] if 1 <= value <= 65535 else [between(1, 65535)]


def port_name(value: str) -> list[str]:
    """IANA's rules for names of services: at most 15 letters, digits and single hyphens, one letter at least."""
    problems = ["must be no more than 15 characters"] if len(value) > 15 else []
    if not re.fullmatch(r"[-a-z0-9]+", value):
        problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search(r"[a-z]", value):
        problems.append("must contain at least one letter (a-z)")
    if "--" in value:
        problems.append("must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        problems.append("must not begin or end with a hyphen")
    return problems


def port_or_name(value: int | str) -> list[str]:
    return port_name(value) if isinstance(value, str) else port(value)


def ip(value: str) -> list[str]:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return [BAD_IP]
    return []


def cidr(value: str) -> list[str]:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]
    return [] if "/" in value else ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]


def config_key(value: str) -> list[str]:
    """Keys of ConfigMaps and Secrets, which become names of files."""
    problems = ["must be no more than 253 characters"] if len(value) > 253 else []
    if not re.fullmatch(_CONFIG_KEY, value):
        text = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        problems.append(names.regex_error(text, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    if value in (".", ".."):
        problems.append(f"must not be '{value}'")
    elif value.startswith(".."):
        problems.append("must not start with '..'")
    return problems


def environment_name(value: str) -> list[str]:
    """Any printable ASCII but `=`."""
    if not value:
        return ["environment variable name must be non-empty"]
    if re.fullmatch(r"[ -<>-~]+", value):
        return []
    return [
        "a valid environment variable name must consist only of printable ASCII characters other than '='"
    ]


def header_name(value: str) -> list[str]:
    if re.fullmatch(_HEADER, value):
        return []
    text = "a valid HTTP header must consist of alphanumeric characters or '-'"
    return [names.regex_error(text, _HEADER, "X-Header-Name")]


def path_segment(value: str) -> list[str]:
    """Names that only have to stand in a URL: those of roles."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{one}'" for one in ("/", "%") if one in value]


def wildcard_subdomain(value: str) -> list[str]:
    if re.fullmatch(_WILDCARD, value):
        return []
    text = (
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist "
        "of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
    )
    return [names.regex_error(text, _WILDCARD, "*.example.com")]


def descending_path(value: str) -> list[str]:
    """A path that stays below where it begins."""
    if value.startswith("/"):
        return ["must be a relative path"]
    return ["must not contain '..'"] if ".." in value.split("/") else []


def no_way_up(value: str) -> list[str]:
    return ["must not contain '..'"] if ".." in value.split("/") else []


def is_percent(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(_PERCENT, value) is not None


def number_or_percent(value: int | str) -> list[str]:
    if isinstance(value, int):
        return [] if value >= 0 else ["must be greater than or equal to 0"]
    if is_percent(value):
        return []
    text = "a valid percent string must be a numeric string followed by an ending '%'"
    return [names.regex_error(text, _PERCENT, "1%", "93%")]


def host(value: str) -> list[str]:
    """A DNS name, whose first part may be `*`."""
    return wildcard_subdomain(value) if "*" in value else names.dns_subdomain(value)


FORMATS: Final[dict[str, Callable[[Any], list[str]]]] = {
    "dns-label": names.dns_label,
    "dns-subdomain": names.dns_subdomain,
    "dns-1035": names.dns1035_label,
    "qualified": names.qualified_name,
    "label-value": names.label_value,
    "port": port,
    "port-name": port_name,
    "port-or-name": port_or_name,
    "ip": ip,
    "cidr": cidr,
    "config-key": config_key,
    "environment-name": environment_name,
    "header-name": header_name,
    "host": host,
    "path-segment": path_segment,
    "descending-path": descending_path,
    "no-way-up": no_way_up,
    "number-or-percent": number_or_percent,
}
