"""Submissions that attack the grader, by what they attack. Each bounds itself and touches nothing but this machine."""

from .bulk import BULK
from .hooks import DRIP, HOOKS
from .lies import BY_COUNT, LIES
from .loop import LOOP
from .places import PLACES
from .processes import PROCESSES
from .submission import Hostile
from .theft import THEFT
from .unguarded import FREED

OF_ANSWERS: list[Hostile] = [*LIES, *BY_COUNT, *BULK, *LOOP, *HOOKS, *DRIP]
OF_THE_SYSTEM: list[Hostile] = [*THEFT, *PROCESSES, *PLACES, *FREED]
ALL: list[Hostile] = [*OF_ANSWERS, *OF_THE_SYSTEM]
