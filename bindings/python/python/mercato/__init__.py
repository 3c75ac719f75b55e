"""Retail intelligence you embed: recommendation, forecasting, language and routing in one library."""

from . import recsys, replenish
from ._mercato import *
from ._mercato import __all__, __version__

__all__ += ["recsys", "replenish"]
