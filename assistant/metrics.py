"""What the service counts of itself, for Prometheus. No shopper, item, utterance or address is in a label.

Turns, feedback and interactions are counted where conversations are run, whichever door they came through; requests,
by the API.
"""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from assistant.events import Turn

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_STAGES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)  # seconds
_REQUESTS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)  # seconds


class Metrics:
    """The counts of one service; each has a registry of its own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)

        def counter(name: str, words: str, *labels: str) -> Counter:
            return Counter(f"assistant_{name}", words, labels, registry=registry)

        def seconds(name: str, words: str, label: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"assistant_{name}_seconds", words, (label,), buckets=buckets, registry=registry)

        self._turns = counter("turns", "Finished turns.", "intent", "rung")
        self._stages = seconds("turn_stage", "Seconds of a turn by stage.", "stage", _STAGES)
        self._sentences = counter("sentences", "Sentences of replies by who wrote them.", "origin")
        self._without_model = counter(
            "replies_without_model", "Replies that the language model did not write to the end, by reason.", "reason"
        )
        self._searches = counter("searches", "Searches, of turns and of the API.", "door")
        self._empty = counter("empty_results", "Searches that no item satisfied.", "door")
        self._feedback = counter("feedback", "Verdicts on cards.", "verdict")
        self._interactions = counter("interactions", "Interactions kept, by kind.", "kind")
        self._requests = counter("requests", "Requests to the API.", "method", "path", "status")
        self._request_seconds = seconds("request", "Seconds until a request was answered.", "path", _REQUESTS)
        self._items = Gauge("assistant_items", "Items in the shop.", registry=registry)
        self._waiting = Gauge("assistant_waiting_replies", "Replies that wait for the model.", registry=registry)

    def turn(self, turn: Turn) -> None:
        """Count a finished turn."""
        self._turns.labels(turn.act.intent.value, turn.act.rung.value).inc()
        for stage, taken in turn.latency.items():
            self._stages.labels(stage).observe(taken)
        for origin, count in turn.written_by.items():
            self._sentences.labels(origin).inc(count)
        if turn.without_model is not None:
            self._without_model.labels(turn.without_model.value).inc()
        if turn.searched:
            self.search("chat", turn.matching)

    def search(self, door: str, matching: int) -> None:
        """Count a search that `matching` items satisfied; `door`: "chat" or "api"."""
        self._searches.labels(door).inc()
        if not matching:
            self._empty.labels(door).inc()

    def feedback(self, verdict: str) -> None:
        """Count a verdict: "like", "dislike", or "withdrawn"."""
        self._feedback.labels(verdict).inc()

    def interaction(self, kind: str) -> None:
        """Count an interaction that was kept."""
        self._interactions.labels(kind).inc()

    def request(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count an answered request to the API; `path` with its parameters unfilled."""
        self._requests.labels(method, path, status).inc()
        self._request_seconds.labels(path).observe(seconds)

    def text(self, items: int, waiting: int = 0) -> bytes:
        """All counts in Prometheus' text format; how many items the shop has now, and how many replies wait."""
        self._items.set(items)
        self._waiting.set(waiting)
        return generate_latest(self._registry)
