#!/usr/bin/env bash
# Builds the wheel and installs it with its pinned dependencies into an empty environment.
# The Dockerfile and .ci/run both install through here, so that CI exercises what the image does.
#
#   tools/install-wheel.sh build PYTHON DIST                 makes DIST/*.whl
#   tools/install-wheel.sh install PYTHON VENV DIST [EXTRA]  makes VENV, with the wheel and
#                                                            requirements.txt
#
# PYTHON has requirements-build.txt; its pip fills VENV, which needs none of its own.
# EXTRA are extras of pyproject.toml (postgres,channels,webhook); requirements-dev.txt pins what they bring.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
# The lines of a requirements file for what a report of pip would install.
pick='
import json, re, sys
report, pins = (open(path, encoding="utf-8").read() for path in sys.argv[1:])
found = [one["metadata"]["name"] for one in json.loads(report)["install"]]
names = {re.sub("[-_.]+", "-", name).lower() for name in found}
for pin in re.split(r"\n(?=\S)", pins.strip()):
    if pin.partition("==")[0] in names:
        print(pin)
'

case "${1:-}" in
build)
    python=$2 dist=$3
    "$python" -m build --no-isolation --wheel --outdir "$dist" "$root"
    ;;
install)
    python=$2 venv=$3 dist=$4 extra=${5:-}
    "$python" -m venv --without-pip "$venv"
    wheels=("$dist"/policy_monitor-*.whl)
    [ "${#wheels[@]}" = 1 ] || { echo "$dist holds ${#wheels[@]} wheels, not one" >&2; exit 1; }
    pip() { "$python" -m pip --disable-pip-version-check --python "$venv/bin/python" "$@"; }
    pip install --quiet --only-binary=:all: --require-hashes --requirement "$root/requirements.txt"
    if [ -n "$extra" ]; then
        work=$(mktemp -d)
        trap 'rm -rf "$work"' EXIT
        # pip says what the extras bring, and installs it with the hashes of our pins.
        sed -n 's/^\([^ ]*==[^ ]*\).*/\1/p' "$root/requirements-dev.txt" >"$work/versions.txt"
        pip install --quiet --only-binary=:all: --dry-run --report "$work/report.json" \
            --constraint "$work/versions.txt" "${wheels[0]}[$extra]"
        "$venv/bin/python" -c "$pick" "$work/report.json" "$root/requirements-dev.txt" \
            >"$work/extras.txt"
        pip install --quiet --only-binary=:all: --no-deps --require-hashes \
            --requirement "$work/extras.txt"
    fi
    pip install --quiet --no-deps "${wheels[0]}"
    pip check
    ;;
*)
    sed -n '2,11p' "$0" >&2
    exit 2
    ;;
esac
