"""One module a command: `main(session, argv)` gives the exit code. Loaded only when it is the one to run."""
