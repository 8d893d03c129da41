#!/bin/sh
# Prints the counts as JSON on standard output, for the next tool in the pipeline, and all else on standard error. Ends
# with an error, and prints nothing on standard output, when the counts cannot be read or a precondition fails.
#
#   ./run.sh | jq '."acme/linux".waiting'
#   ./run.sh tofu >counts.json
set -eu
cd "$(dirname "$0")"
cli=${1:-terraform}

"$cli" init -input=false >&2
"$cli" apply -input=false -auto-approve >&2
"$cli" output -json counts
