"""All actions that can be synthesised."""

from __future__ import annotations

from motion.synthesis.action import Action
from motion.synthesis.repertoire.acrobatic_actions import ACROBATICS
from motion.synthesis.repertoire.hands import HANDS
from motion.synthesis.repertoire.travel import TRAVEL
from motion.synthesis.repertoire.trunk import TRUNK
from motion.synthesis.repertoire.walks import WALKS

ACTIONS: dict[str, Action] = {action.name: action for action in (*WALKS, *TRAVEL, *HANDS, *TRUNK, *ACROBATICS)}
