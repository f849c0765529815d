"""Metrics of what a service has under way: its queue, slots and workers, and how long motions wait and take."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from motion.rpc.service_load import Observed, ServiceLoad

_BUCKETS_S = (0.001, 0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
_Value = Callable[[ServiceLoad], int]
_GAUGES: tuple[tuple[str, str, _Value], ...] = (
    ("plumb.slots", "Places in which motions are simulated", lambda load: load.slots),
    ("plumb.slots.busy", "Motions that are being corrected", lambda load: load.running),
    ("plumb.workers", "Worker processes; 0 if the server itself simulates", lambda load: load.workers),
)
_COUNTERS: tuple[tuple[str, str, _Value], ...] = (
    ("plumb.workers.lost", "Worker processes that died and were replaced", lambda load: load.lost_workers),
    ("plumb.motions.given_up", "Motions that ended worker processes twice", lambda load: load.given_up),
)


class LoadMetrics:
    """Observes a service whenever its metrics are read.

    Args:
        meter: makes the instruments.
        observed: how the service is observed.
    """

    def __init__(self, meter: Meter, observed: Observed):
        self._observed = observed
        if observed.take_timings:
            self._wait, self._compute = (
                meter.create_histogram(
                    f"plumb.motion.{name}", "s", description, explicit_bucket_boundaries_advisory=_BUCKETS_S
                )
                for name, description in (
                    ("wait", "Time from the arrival of motions to the begin of the work on them"),
                    ("compute", "Time from the begin of the work on motions to their answers"),
                )
            )
        meter.create_observable_gauge("plumb.queue.size", [self._queue], "{motion}", "Motions that wait for a slot")
        for name, description, value in _GAUGES:
            meter.create_observable_gauge(name, [self._observing(value)], description=description)
        for name, description, value in _COUNTERS:
            meter.create_observable_counter(name, [self._observing(value)], description=description)

    def _queue(self, _: CallbackOptions) -> Iterable[Observation]:
        # Callbacks run before the histograms are read, so that these have all that was done until now.
        for timing in self._observed.take_timings() if self._observed.take_timings else ():
            self._wait.record(timing.wait_seconds)
            self._compute.record(timing.compute_seconds)
        return [Observation(self._observed.load().waiting)]

    def _observing(self, value: _Value) -> Callable[[CallbackOptions], Iterable[Observation]]:
        return lambda _: [Observation(value(self._observed.load()))]
