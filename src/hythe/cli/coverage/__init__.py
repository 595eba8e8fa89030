"""docs/cli.md: what there is of docker's command line, from the parsers and the list of docker's own flags."""
