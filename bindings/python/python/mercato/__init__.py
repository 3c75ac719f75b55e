"""Retail intelligence you embed: recommendation, forecasting, language and routing in one library."""

from . import forecast, index, nlp, recsys, replenish, routing
from ._mercato import *
from ._mercato import __all__, __version__

__all__ += ["forecast", "index", "nlp", "recsys", "replenish", "routing"]
