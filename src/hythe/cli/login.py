"""`hythe login` and `hythe logout`."""

from __future__ import annotations

import sys

from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.client.credentials import DOCKER_HUB, Credentials, address
from hythe.errors import InvalidArgument


def login(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "login", "[OPTIONS] [SERVER]", "Log in to a registry.")
    parser.text("-u", "--username", metavar="NAME", help="name of the account")
    parser.text("-p", "--password", metavar="PASSWORD", help="its password; others may see it in `ps`")
    parser.flag("--password-stdin", help="read the password from standard input")
    parser.add_argument("server", nargs="?", metavar="SERVER", default=DOCKER_HUB)
    options = parser.options(argv)
    server, store = address(options.server), Credentials()
    known = store.get(server)
    if options.username is None and options.password is None and not options.password_stdin and known:
        auth = known
        session.err("Authenticating with existing credentials...")
    else:
        username, password = _asked(options.username, options.password, stdin=options.password_stdin)
        auth = {"username": username, "password": password, "serveraddress": server}
    answer = session.client.login(auth)
    if answer.get("IdentityToken"):
        auth["identitytoken"] = answer["IdentityToken"]
    if store.put(server, auth) is None:
        session.err(
            "The credentials stand unencrypted in docker's config.json; a credential helper keeps them better."
        )
    session.out(str(answer.get("Status") or "Login Succeeded"))
    return 0


def logout(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "logout", "[SERVER]", "Forget the credentials for a registry.")
    parser.add_argument("server", nargs="?", metavar="SERVER", default=DOCKER_HUB)
    server = address(parser.options(argv).server)
    if not Credentials().erase(server):
        session.out(f"Not logged in to {server}")
        return 0
    session.out(f"Removing login credentials for {server}")
    return 0


def _asked(username: str | None, password: str | None, *, stdin: bool) -> tuple[str, str]:
    """Name and password as they were given, or asked for where there is somebody to ask."""
    if stdin:
        if password is not None:
            raise InvalidArgument(
                "--password and --password-stdin exclude each other", hint="leave one of them out"
            )
        if not username:
            raise InvalidArgument("Must provide --username with --password-stdin", hint="add -u NAME")
        password = sys.stdin.read().rstrip("\r\n")
    elif username is None or password is None:
        if not sys.stdin.isatty():
            raise InvalidArgument(
                "cannot ask for a password: standard input is not a terminal",
                hint="use -u NAME --password-stdin",
            )
        import getpass

        username = username or input("Username: ").strip()
        password = password or getpass.getpass("Password: ")
    if not username or not password:
        raise InvalidArgument("a name and a password are required", hint="give both, or use --password-stdin")
    return username, password
