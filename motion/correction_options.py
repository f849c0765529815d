"""How to correct motions: the options of a correction, checked when they are made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal, get_args

from motion.errors import InvalidInput

Assist = float | Literal["auto", "none"]
"""Limit of the assist in N, and in N m for its torque, or the policy by which the corrector chooses the limit."""

Effort = Literal["kinematic", "fast", "standard", "thorough"]
"""How much computing a correction may take, from the least to the most."""

EFFORTS: tuple[Effort, ...] = get_args(Effort)
"""The names of the efforts, from the least to the most."""
DEFAULT_EFFORT: Effort = "standard"
"""The effort of who names none."""
MAX_EFFORT = 4
"""Largest of the whole numbers that stand for efforts: 1 is `standard`, 2 to `MAX_EFFORT` are `thorough`."""


@dataclass(frozen=True)
class CorrectionOptions:
    """How to correct motions.

    Attributes:
        policy: name of the policy; empty for the corrector's default.
        assist: limit of the assist, which is the force and torque on the root that no contact explains. "auto" starts
            without assist and raises the limit step by step, only around the moments at which the body would fall;
            "none" allows no assist; a number is the limit in N for the force and in N m for the torque.
        effort: how much computing a motion may take: "kinematic" (no simulation), "fast", "standard" or "thorough". The
            whole numbers of older callers are accepted too and become names: 1 "standard", 2 to `MAX_EFFORT`
            "thorough".
        max_assist_n: a motion whose assist force has a larger mean is marked FAILED [N]; None for no such limit.
        in_place: keep the input's path over the floor, as on a treadmill: the body is corrected as it has to travel so
            that its feet stand, and then moved back.
        trace: also return what the body did in each step, see `motion.trace.Trace`. The motion is then always
            simulated.
        always_simulate: return the simulated motion even where the input is feasible as it is, or physically as good.
        trace_if_simulated: also return the trace of a motion that is simulated anyway. The motions that come back, and
            their reports, are those without it.

    Raises:
        InvalidInput: a value is out of range or of another type.
    """

    policy: str = ""
    assist: Assist = "auto"
    effort: Effort = DEFAULT_EFFORT
    max_assist_n: float | None = None
    in_place: bool = False
    trace: bool = False
    always_simulate: bool = False
    trace_if_simulated: bool = False

    @property
    def simulates_always(self) -> bool:
        """Whether the result has to be a simulated motion."""
        return self.always_simulate or self.trace

    @property
    def wants_trace(self) -> bool:
        """Whether a simulated motion is returned with its trace."""
        return self.trace or self.trace_if_simulated

    def __post_init__(self) -> None:
        if isinstance(self.assist, str):
            if self.assist not in ("auto", "none"):
                raise InvalidInput.of("assist", f"is {self.assist!r}; must be 'auto', 'none' or a number of newtons")
        elif not isinstance(self.assist, Real):
            raise InvalidInput.of("assist", f"is {self.assist!r:.40}; must be 'auto', 'none' or a number of newtons")
        elif not (math.isfinite(self.assist) and self.assist >= 0):
            raise InvalidInput.of("assist", f"is {self.assist}; a limit in newtons must be finite and not negative")
        object.__setattr__(self, "effort", effort_name(self.effort))
        most = self.max_assist_n
        if most is not None and not (isinstance(most, Real) and math.isfinite(most) and most >= 0):
            raise InvalidInput.of("max_assist_n", f"is {most!r:.40}; must be a finite number of newtons, 0 or more")


def effort_name(effort: object) -> Effort:
    """Return the name of an effort that is given by its name or by one of the whole numbers of older callers.

    Raises:
        InvalidInput: it is neither.
    """
    if isinstance(effort, str):
        for name in EFFORTS:
            if effort == name:
                return name
    elif isinstance(effort, Integral) and 1 <= int(effort) <= MAX_EFFORT:
        return "standard" if effort == 1 else "thorough"
    names = f"{', '.join(EFFORTS[:-1])} or {EFFORTS[-1]}"
    raise InvalidInput.of("effort", f"is {effort!r:.40}; must be {names}, or a whole number from 1 to {MAX_EFFORT}")
