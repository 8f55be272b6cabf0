# The sync-worker image: the locked dependencies and the wheel, without build tools.

FROM python:3.13.9-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
WORKDIR /build

# Runtime dependencies, those of the extra `web` too, from wheels only: installing them compiles
# nothing and runs no code.
COPY requirements.lock ./
RUN python -m venv --without-pip /opt/sync-worker \
    && pip --python /opt/sync-worker/bin/python install \
        --require-hashes --only-binary :all: -r requirements.lock

# The build back end. It stays in this stage.
COPY requirements-build.lock ./
RUN pip install --require-hashes --only-binary :all: -r requirements-build.lock

# The program itself, without a package index. There is no Git here to ask for its version, which is
# given: docker build --build-arg VERSION=0.1.0 . Without it, it is that of a development build.
ARG VERSION=""
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN ${VERSION:+env SETUPTOOLS_SCM_PRETEND_VERSION_FOR_SYNC_WORKER="$VERSION"} \
        pip wheel --no-index --no-deps --no-build-isolation --wheel-dir dist . \
    && pip --python /opt/sync-worker/bin/python install --no-index --no-deps dist/*.whl


FROM python:3.13.9-slim-trixie
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin sync-worker \
    && pip uninstall --yes --quiet --root-user-action ignore pip
COPY --from=build /opt/sync-worker /opt/sync-worker
COPY deploy/healthcheck.py /opt/sync-worker/healthcheck.py
ENV PATH=/opt/sync-worker/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /tmp
STOPSIGNAL SIGTERM
EXPOSE 9464 8177
# livez, not readyz: an orchestrator must not restart the worker because Kafka is unavailable.
# Of the worker: one that serves the page is asked with --web.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "/opt/sync-worker/healthcheck.py", "livez"]
ENTRYPOINT ["sync-worker"]
CMD ["run"]
