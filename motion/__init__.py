"""Plumb's common data types and functions: motions, kinematics, physical metrics, features and file formats."""

from motion.errors import InvalidInput, NotFound, PlumbError, ServiceUnavailable
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.report import Correction, PhysicalErrors, Report
from motion.score import Score
from motion.trace import Trace

__version__ = "0.1.0"
__all__ = [
    "Correction",
    "InvalidInput",
    "Motion",
    "MotionSet",
    "NotFound",
    "PhysicalErrors",
    "PlumbError",
    "Report",
    "Score",
    "ServiceUnavailable",
    "Trace",
]
