#!/bin/sh
":" //; if [ "$1" = run ]; then shift; fi; export PROCWIRE_CONTROL_FD=4; exec 4>&1 1>&2; if [ "$1" = --bun ]; then shift; exec bun "$0" "$@"; fi; exec node "$0" "$@"
// Both a shell script and a module, so that starting a worker costs no second process: the shell moves the control
// channel to descriptor 4 (the parent may have given 3), puts stderr in the place of stdout, and becomes Node (or, after `--bun`, Bun).
// Where there is no shell: `node node_modules/procwire-worker/bin/procwire-worker.js worker.ts`.
import "../dist/launch/run.js";
