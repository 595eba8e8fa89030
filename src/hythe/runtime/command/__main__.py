"""`python -m hythe.runtime.command`, the same as `hythe-runtime`."""

from hythe.runtime.command.main import main

main()
