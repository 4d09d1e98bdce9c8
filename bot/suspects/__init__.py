"""Say which commits may have brought a failure, and why each is suspected.

``map_frames`` finds the files of a tree that stack frames name. ``rank_range`` orders the commits between the last good
and the first bad one; ``rank_history`` blames the functions round the frames where no such range is known. A rank is a
reason to look, never proof: that is a run with the commit reverted.
"""

from bot.suspects.history import rank_history
from bot.suspects.places import Place, map_frames
from bot.suspects.range import rank_range
from bot.suspects.records import Suspect

__all__ = ["Place", "Suspect", "map_frames", "rank_history", "rank_range"]
