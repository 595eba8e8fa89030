#!/bin/sh
# Asked by invoke-rc.d before a package starts its service. A container runs one program, and a build runs
# none: 101 means "not allowed".
exit 101
