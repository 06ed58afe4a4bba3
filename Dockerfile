# The service as an image: docker build -t shop-assistant .
# `python -m benchmarks.dockerfile` runs the RUN lines without an engine, in a folder of its own.
FROM python:3.11.14-slim-bookworm AS build
ARG ROOT=/opt/assistant
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
WORKDIR $ROOT/source
COPY pyproject.toml README.md LICENSE constraints.txt docs/image-constraints.txt app.py ./
COPY assistant ./assistant
COPY retrieval ./retrieval
COPY prompts ./prompts
RUN python -m venv "$ROOT/venv"
RUN "$ROOT/venv/bin/python" -m pip install --no-cache-dir --disable-pip-version-check \
        --extra-index-url "$TORCH_INDEX" -c constraints.txt -c image-constraints.txt ".[postgresql,tracing]"
RUN "$ROOT/venv/bin/python" -m assistant --help > /dev/null

FROM python:3.11.14-slim-bookworm
ARG ROOT=/opt/assistant
ARG DATA=/data
COPY --from=build $ROOT/venv $ROOT/venv
RUN install -d -o 10001 -g 10001 -m 0750 "$DATA"
ENV PATH=$ROOT/venv/bin:$PATH \
    HOME=/tmp \
    HF_HUB_OFFLINE=1 \
    ASSISTANT_HOST=0.0.0.0 \
    ASSISTANT_DATA_FOLDER=$DATA \
    ASSISTANT_CACHE=$DATA/models
USER 10001:10001
WORKDIR $DATA
VOLUME $DATA
EXPOSE 7860
HEALTHCHECK --interval=15s --timeout=5s --start-period=180s --retries=4 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:7860/readyz', timeout=4)"]
ENTRYPOINT ["python", "-m", "assistant"]
CMD ["serve"]
