"""Everything that can be synthesised."""

from __future__ import annotations

from motion.synthesis.action import Action
from motion.synthesis.repertoire.feats import FEATS
from motion.synthesis.repertoire.standing import STANDING
from motion.synthesis.repertoire.travel import TRAVEL

ACTIONS: dict[str, Action] = {action.name: action for action in (*TRAVEL, *STANDING, *FEATS)}
