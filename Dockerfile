# Two stages: the first builds the wheel, the second holds only what runs.
# Both install through tools/install-wheel.sh, the script that CI exercises.
ARG PYTHON_VERSION=3.11

FROM python:${PYTHON_VERSION}-slim AS build
WORKDIR /source
COPY requirements.txt requirements-build.txt requirements-dev.txt ./
RUN python -m pip install --no-cache-dir --only-binary=:all: -r requirements-build.txt
COPY . .
# The PostgreSQL driver, Apprise for further channels, and the server of the bot's webhook;
# --build-arg EXTRA= leaves them out.
ARG EXTRA=postgres,channels,webhook
RUN tools/install-wheel.sh build python /dist \
 && tools/install-wheel.sh install /opt/monitor /dist "${EXTRA}"

FROM python:${PYTHON_VERSION}-slim
RUN useradd --system --uid 10001 --create-home --home-dir /data monitor
COPY --from=build /opt/monitor /opt/monitor
# One heap for all threads: glibc gives each a heap of its own, whose free memory no other can use.
ENV PATH=/opt/monitor/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MALLOC_ARENA_MAX=1
# monitor.toml, rules/, catalogue files and the SQLite database live here.
WORKDIR /data
VOLUME /data
USER monitor
# The daemon is process 1, stops at SIGTERM and waits for the one child it starts, the parser: no init is
# needed.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5m --timeout=30s --start-period=1m \
    CMD ["sh", "-c", "monitor sources list --format jsonl >/dev/null"]
ENTRYPOINT ["monitor"]
CMD ["run"]
