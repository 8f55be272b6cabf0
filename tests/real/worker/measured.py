"""A worker's metrics, scraped as Prometheus does."""

from prometheus_client.parser import text_string_to_metric_families

from tests.real.worker.stage import Running


class Measured:
    """The samples of one scrape."""

    def __init__(self, worker: Running) -> None:
        code, text = worker.probe("/metrics")
        assert code == 200, text
        self._samples = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def value(self, name: str, **labels: str) -> float:
        """The value of one series of the worker's; fails where there is not exactly one."""
        (value,) = self.series(name, **labels).values()
        return value

    def series(self, name: str, **labels: str) -> dict[frozenset[tuple[str, str]], float]:
        """The values of all series with these labels, among others, by all of their labels."""
        return {
            frozenset(sample.labels.items()): sample.value
            for sample in self._samples
            if sample.name == f"sync_worker_{name}" and labels.items() <= sample.labels.items()
        }

    def total(self, name: str, **labels: str) -> float:
        """The sum of the series with these labels."""
        return sum(self.series(name, **labels).values())

    def places(self, name: str) -> set[tuple[str, int]]:
        """The partitions that a metric has series of."""
        return {
            (labels["topic"], int(labels["partition"])) for labels in map(dict, self.series(name))
        }

    def of_places(self, name: str) -> dict[tuple[str, int], float]:
        """The value for each partition."""
        return {
            (dict(labels)["topic"], int(dict(labels)["partition"])): value
            for labels, value in self.series(name).items()
        }

    def reasons(self) -> set[str]:
        """Why the worker is not ready."""
        return {
            dict(labels)["reason"] for labels, value in self.series("not_ready").items() if value
        }
