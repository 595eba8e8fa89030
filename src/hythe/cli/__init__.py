"""The command line: flags -> options -> client, formatting, exit codes.

`main` finds the command in the table of `commands` and imports its module only then, so that `hythe ps`
pays for what it uses. A command is a function of a `Session` and its own arguments, giving an exit code.
"""
