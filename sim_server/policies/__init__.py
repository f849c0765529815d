"""Policies: what acts on top of the analytic controller, and what it observes."""
