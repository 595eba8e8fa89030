"""`hythe-runtime`: the OCI runtime's command line, with runc's verbs, flags, words and exit codes.

No daemon stands behind it. Each command is one short process: it reads or makes a container's folder below
`--root` (`state`), and leaves. One module for each verb, with its flags and its `action`; a verb's module is
imported when it is asked for and not before, since the start of the interpreter is most of what a command costs.
"""
