#!/usr/bin/env bash
# Pins every dependency again: requirements.txt (what runs), requirements-web.txt (the same with the
# site), requirements-build.txt (what builds) and requirements-dev.txt (all of them, the extras, and
# the developers' tools).
# The files name versions and the hashes of all files of each: no index address, no link, no path.
# pip checks what it downloads against them, on whatever platform. Existing pins are kept where they
# still fit; `tools/lock.sh --upgrade` takes the newest releases instead.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --only-binary=:all: uv==0.13.8

# uv takes the hashes from the index; pip-tools would download every file to compute them.
compile() { # TARGET SOURCE…
    "$work/venv/bin/uv" pip compile --quiet --no-config --system-certs --python-version 3.11 \
        --only-binary :all: --generate-hashes --no-header --no-annotate --output-file "$@"
}

compile requirements.txt "$@" pyproject.toml
compile requirements-web.txt "$@" --extra web --constraints requirements.txt pyproject.toml
compile requirements-build.txt "$@" requirements-build.in
compile requirements-dev.txt "$@" --all-extras \
    --constraints requirements-web.txt --constraints requirements-build.txt \
    pyproject.toml requirements-build.in
