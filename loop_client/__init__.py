"""The loop: clients of both services, strategies, recipes, evaluation, and the runs of it all."""

from loop_client.remote import RemoteCorrector, RemoteGenerator

__all__ = ["RemoteCorrector", "RemoteGenerator"]
