# Serves forecasts over HTTP: docker build -t segue . && docker run -p 8000:8000 -v ./token:/run/token:ro segue
# No torch is installed, the process is not root, and nothing is written but to standard error.
FROM python:3.12-slim
WORKDIR /app
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN pip install --no-cache-dir ".[serve]"
RUN useradd --no-create-home --shell /usr/sbin/nologin segue
USER segue
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/v2/health/ready')"]
CMD ["segue", "serve", "--host", "0.0.0.0", "--port", "8000", "--token-file", "/run/token"]
