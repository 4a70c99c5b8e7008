#!/usr/bin/env bash
# Builds the wheel and installs it with its pinned dependencies into an empty environment.
# The Dockerfile and .ci/run both install through here, so that CI exercises what the image does.
#
#   tools/install-wheel.sh build PYTHON DIST          makes DIST/*.whl; PYTHON has the build pins
#   tools/install-wheel.sh install VENV DIST [EXTRA]  makes VENV, with the wheel and requirements.txt
#
# EXTRA are extras of pyproject.toml (postgres,channels,webhook); requirements-dev.txt pins what they bring.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

case "${1:-}" in
build)
    python=$2 dist=$3
    "$python" -m build --no-isolation --wheel --outdir "$dist" "$root"
    ;;
install)
    venv=$2 dist=$3 extra=${4:-}
    "${PYTHON:-python3}" -m venv "$venv"
    wheels=("$dist"/policy_monitor-*.whl)
    [ "${#wheels[@]}" = 1 ] || { echo "$dist holds ${#wheels[@]} wheels, not one" >&2; exit 1; }
    pip() { "$venv/bin/python" -m pip --disable-pip-version-check "$@"; }
    pip install --quiet --only-binary=:all: --requirement "$root/requirements.txt"
    pip install --quiet --only-binary=:all: --constraint "$root/requirements-dev.txt" \
        "${wheels[0]}${extra:+[$extra]}"
    pip check
    ;;
*)
    sed -n '2,8p' "$0" >&2
    exit 2
    ;;
esac
