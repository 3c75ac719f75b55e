"""Recommendation: estimators, models and their evaluation."""

from mercato._mercato.recsys import *
from mercato._mercato.recsys import __all__
