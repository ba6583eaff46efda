# syntax=docker/dockerfile:1
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /venv
COPY pyproject.toml requirements.txt deploy/runtime_requirements.py ./
# The pinned requirements without the extras `local` and `dev`: a deployment has servers of its own, and runs no tests.
RUN python runtime_requirements.py > runtime.txt \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r runtime.txt
COPY README.md LICENSE ./
COPY core core
COPY mappings mappings
COPY protocols protocols
COPY gateway gateway
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin chargesphere
COPY --from=build /venv /venv
COPY deploy/healthcheck.py /usr/local/lib/chargesphere/healthcheck.py
ENV PATH="/venv/bin:$PATH" PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=10s --start-period=30s --retries=3 CMD ["python", "/usr/local/lib/chargesphere/healthcheck.py", "gateway"]
ENTRYPOINT ["chargesphere"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]
