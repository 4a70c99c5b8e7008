#!/usr/bin/env bash
# Builds the image where there is neither a Docker daemon nor a registry, and runs it: a base of
# Debian's packages stands under the name that the Dockerfile asks for.
#
#   apt-get install buildah podman runc debootstrap
#   tools/build-image.sh [BASE]     BASE as for docker build; as root
#
# PIP_CONFIG_FILE may name a pip.conf for the build; it is mounted, and in no layer.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
base=${1:-docker.io/library/python:3.11-slim}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Debian 12 has Python 3.11.
debootstrap --variant=minbase --include=ca-certificates,python3-venv bookworm "$work/base" >"$work/log" ||
    { tail -n 5 "$work/log" >&2; exit 1; }
container=$(buildah from scratch)
buildah add --quiet "$container" "$work/base" / >/dev/null
buildah commit --quiet --rm "$container" "$base" >/dev/null

mounts=(--volume /etc/ssl/certs:/etc/ssl/certs:ro)
[ -z "${PIP_CONFIG_FILE:-}" ] || mounts+=(--volume "$PIP_CONFIG_FILE:/etc/pip.conf:ro")
buildah bud --isolation chroot --network host --pull-never --format docker "${mounts[@]}" \
    --build-arg "BASE=$base" --tag policy-monitor "$root"

# As deploy/compose.yaml does, but without a network. podman would raise the limits, which a sandbox
# may refuse, and asks systemd to run health checks.
run() {
    podman --runtime runc run --rm --network none --ulimit nofile=4096:4096 \
        --ulimit nproc=4096:4096 --health-interval disable --read-only --read-only-tmpfs=false --tmpfs /tmp --cap-drop ALL \
        --security-opt no-new-privileges "$@"
}
run policy-monitor --version
run policy-monitor init
run policy-monitor demo
run --entrypoint sh policy-monitor -c \
    'test "$(id -u)" = 10001 && touch /data/x && ! touch /opt/monitor/x 2>/dev/null'
