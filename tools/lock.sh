#!/usr/bin/env bash
# Pins every dependency again: requirements.txt (what runs), requirements-build.txt (what builds)
# and requirements-dev.txt (all of both, the extras, and the developers' tools).
# The files name versions only: no index address, no link, no path. Existing pins are kept where
# they still fit; `tools/lock.sh --upgrade` takes the newest releases instead.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet pip-tools==7.6.2

compile() { # TARGET SOURCE…
    "$work/venv/bin/pip-compile" --quiet --no-header --no-annotate --strip-extras \
        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
        --output-file "$@"
}

compile requirements.txt "$@" pyproject.toml
compile requirements-build.txt "$@" requirements-build.in
compile requirements-dev.txt "$@" --all-extras \
    --constraint requirements.txt --constraint requirements-build.txt \
    pyproject.toml requirements-build.in
