"""What every command is given: the client, made when first used, and where output goes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from hythe.cli import failure
from hythe.errors import HytheError

if TYPE_CHECKING:
    from hythe.client import Client


class Session:
    """One run of the command line. `prefix` is "network " and the like, for usage lines; `choice` has
    the fields of `client.address.Choice` that the global flags name.

    `declaring`: nothing is to be done; commands declare their flags, and are stopped where they would read them.
    """

    def __init__(self) -> None:
        self.choice: dict[str, Any] = {}
        self.prefix = ""
        self.declaring = False
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        """Connected: a daemon has answered, and one was started where nobody chose another and none ran."""
        if self._client is None:
            assert not self.declaring, "flags are declared before the daemon is asked"
            self._client = self._connect()
        return self._client

    @property
    def context(self) -> str:
        """The name of the context that says where the daemon is; "default" where none does."""
        from hythe.client.address import Choice, resolve

        return resolve(Choice(**self.choice)).context

    @property
    def preferences(self) -> dict[str, Any]:
        """config.json of the client: psFormat, detachKeys, proxies and the like."""
        from hythe.client import configuration

        return configuration.read(configuration.folder(self.choice.get("config")))

    def format(self, chosen: str | None, preference: str) -> str | None:
        """The format of a list: the one given, or that which config.json has for it."""
        return chosen or self.preferences.get(preference)

    def proxies(self, given: Iterable[str]) -> dict[str, str]:
        """Environment variables that name proxies, for containers; `given` are settings that win over them."""
        from hythe.client import configuration

        names = {text.partition("=")[0] for text in given}
        return configuration.proxies(self.preferences, str(self.client.address), names)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def out(self, text: str) -> None:
        sys.stdout.write(text + "\n")

    def flush(self) -> None:
        sys.stdout.flush()

    def err(self, text: str) -> None:
        sys.stdout.flush()
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def each(self, names: Iterable[str], action: Callable[[str], str | None]) -> int:
        """Do `action` for every name, printing what it gives; errors are printed and the rest still done."""
        code = 0
        for name in names:
            try:
                said = action(name)
            except HytheError as error:
                sys.stdout.flush()
                failure.report(error)
                code = 1
            else:
                if said is not None:
                    self.out(said)
        return code

    def _connect(self) -> Client:
        from hythe.client import Client
        from hythe.client.address import Choice
        from hythe.client.failures import NoDaemon

        client = Client(Choice(**self.choice))
        try:
            client.ping()
        except NoDaemon:
            if not client.address.default:
                raise
            from hythe.cli import autostart

            autostart.start(client.address)
            client.ping()
        return client
