"""Starts the service: the chat page and the API. `python -m assistant serve` does the same."""

from assistant.__main__ import app

if __name__ == "__main__":
    app(["serve"])
