# Built and run as deploy/README.md says; bubblewrap inside needs the options given there.
# Targets: all, web and python, which is the last one and so what `docker build .` makes.
FROM python:3.11-slim-trixie AS build
WORKDIR /src
# the server with the analysers of reviews
COPY requirements-analysis.txt .
RUN python -m venv /opt/forgehand \
    && /opt/forgehand/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-analysis.txt
COPY . .
RUN /opt/forgehand/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps . \
    && /opt/forgehand/bin/python -m compileall -q /opt/forgehand

# the machines come first and Forgehand last, so that a new version of it installs no toolchain again
FROM python:3.11-slim-trixie AS machine
# bubblewrap comes as a wheel for x86-64 only; backups need the client, of the same version as in compose.yml; tini buries
# the processes that bubblewrap leaves to the first one, which nobody else does in Kubernetes
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap ca-certificates git postgresql-client tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --home-dir /data --shell /usr/sbin/nologin forgehand
ENV PATH=/opt/forgehand/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    FORGEHAND_DATA_DIR=/data \
    FORGEHAND_HOST=0.0.0.0
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["tini", "--", "forgehand"]
CMD ["serve"]

FROM machine AS machine-web
USER root
RUN apt-get update \
    && apt-get install --yes --no-install-recommends nodejs npm \
    && rm -rf /var/lib/apt/lists/*
USER 10001

FROM machine-web AS machine-all
USER root
# what `forgehand doctor` names, and the linters of docs/languages.md that Debian has
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        golang-go \
        cargo rust-clippy \
        build-essential cmake ninja-build meson pkg-config autoconf automake libtool libgtest-dev catch2 \
        default-jdk-headless maven gradle \
        ruby bundler ruby-rspec ruby-minitest ruby-test-unit rubocop \
        php-cli php-xml php-mbstring php-pcov composer phpunit \
        elixir \
        bats shellcheck \
    && rm -rf /var/lib/apt/lists/*
USER 10001

FROM machine-all AS all
COPY --from=build /opt/forgehand /opt/forgehand

FROM machine-web AS web
COPY --from=build /opt/forgehand /opt/forgehand

FROM machine AS python
COPY --from=build /opt/forgehand /opt/forgehand
