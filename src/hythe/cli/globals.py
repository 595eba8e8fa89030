"""The flags that stand before the command, in the places where they are read, shown and completed."""

from __future__ import annotations

from typing import Final

#: Flag: the field of `client.address.Choice` that it says, and what its value is. "log" is the program's own.
VALUES: Final = {
    "-H": ("host", "HOST"), "--host": ("host", "HOST"), "-c": ("context", "CONTEXT"),
    "--context": ("context", "CONTEXT"), "--config": ("config", "DIR"), "--tlscacert": ("ca", "FILE"),
    "--tlscert": ("cert", "FILE"), "--tlskey": ("key", "FILE"), "-l": ("log", "LEVEL"),
    "--log-level": ("log", "LEVEL"),
}  # fmt: skip
SWITCHES: Final = {"-D": "", "--debug": "", "--tls": "tls", "--tlsverify": "tls_verify"}
LEVELS: Final = ("debug", "info", "warn", "error", "fatal")

FLAGS: Final = (
    ("--host", "the daemon: unix:///PATH or tcp://ADDRESS (also: HYTHE_HOST, DOCKER_HOST)"),
    ("--context", "the daemon of a context: see hythe context --help (also: HYTHE_CONTEXT)"),
    ("--config", "folder of the client's configuration, default ~/.docker"),
    ("--tls", "TLS; implied by the flags that follow"),
    ("--tlsverify", "and only with a daemon whose certificate is good"),
    ("--tlscacert", "of the authority that signs the daemon's certificate"),
    ("--tlscert", "your certificate"),
    ("--tlskey", "and its key"),
    ("--debug", "show tracebacks (also: HYTHE_DEBUG=1)"),
    ("--log-level", "debug, info, warn, error, fatal"),
    ("--version", "print the version"),
    ("--help", "show all commands"),
)
SHORT: Final = {
    "--host": "-H", "--context": "-c", "--debug": "-D", "--log-level": "-l", "--version": "-v", "--help": "-h",
}  # fmt: skip
