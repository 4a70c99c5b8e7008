# Two stages: the first builds the wheel, the second holds only what runs.
# Both install through tools/install-wheel.sh, the script that CI exercises.
#
# BASE has glibc and Python: python:3.11-slim, or registry.access.redhat.com/ubi9/python-311.
# No Alpine: google-re2 has no wheels for musl.
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
USER 0
WORKDIR /source
COPY requirements.txt requirements-build.txt requirements-dev.txt ./
RUN python3 -m venv /build \
 && /build/bin/python -m pip install --no-cache-dir --only-binary=:all: -r requirements-build.txt
COPY . .
# The PostgreSQL driver, Apprise for further channels, the site, and the server of the webhook and of
# the health check, which has to stay: --build-arg EXTRA=webhook leaves the others out.
ARG EXTRA=postgres,channels,webhook,web
RUN tools/install-wheel.sh build /build/bin/python /dist \
 && tools/install-wheel.sh install /build/bin/python /opt/monitor /dist "${EXTRA}"

FROM ${BASE}
USER 0
# Not by useradd: what it is called differs between the bases.
RUN echo 'monitor:x:10001:' >> /etc/group \
 && echo 'monitor:x:10001:10001::/data:/sbin/nologin' >> /etc/passwd \
 && install -d -o 10001 -g 10001 -m 0700 /data
COPY --from=build /opt/monitor /opt/monitor
# One heap for all threads: glibc gives each a heap of its own, whose free memory no other can use.
ENV PATH=/opt/monitor/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MALLOC_ARENA_MAX=1
# For the health check, on 127.0.0.1 of the container.
ENV MONITOR_HTTP__PORT=8080
# monitor.toml, rules/, catalogue files and the SQLite database live here. The root may be
# read-only; /tmp then needs a tmpfs, for the pages that the parser is given.
WORKDIR /data
VOLUME /data
# By number, so that a supervisor sees that it is not root.
USER 10001:10001
# The daemon is process 1, stops at SIGTERM and waits for the one child it starts, the parser: no init is
# needed.
STOPSIGNAL SIGTERM
# At its start it may upgrade the schema, or wait for a lease.
HEALTHCHECK --interval=1m --timeout=10s --start-period=5m --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['MONITOR_HTTP__PORT'] + '/healthz', timeout=8)"]
ENTRYPOINT ["monitor"]
CMD ["run"]
