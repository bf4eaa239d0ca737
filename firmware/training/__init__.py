"""Practice: a second counter beside the live one, on a journal of its own that is thrown away (培训).

Everything a person does goes to the practice counter, everything the outside says goes to the live one, which keeps
draining its backlog. Nothing that is practised leaves the device but slips marked as training.
"""

from firmware.training.school import School
from firmware.training.trainee import Trainee

__all__ = ["School", "Trainee"]
