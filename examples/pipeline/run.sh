#!/bin/sh
# Prints the counts as JSON on standard output, and everything else on standard error. If the counts cannot be read or a
# precondition fails, exits with a non-zero status and prints nothing on standard output.
#
#   ./run.sh | jq '."acme/linux".waiting'
#   ./run.sh tofu >counts.json
set -eu
cd "$(dirname "$0")"
cli=${1:-terraform}

"$cli" init -input=false >&2
"$cli" apply -input=false -auto-approve >&2
"$cli" output -json counts
