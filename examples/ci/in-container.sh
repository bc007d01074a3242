#!/bin/sh
# The tests in a plain golang image, as root, without Docker's socket or a second
# container:
#
#   docker run --rm -v "$PWD:/src" -w /src -v seedbed-binaries:/var/cache/seedbed/binaries golang:1.26 ./in-container.sh
#
# The volume keeps a fetched Postgres for the next run; it may be left out.
set -eu
export CI=true
export SEEDBED_CACHE="${SEEDBED_CACHE:-/var/cache/seedbed}"
go tool seedbed doctor
go test ./...
