"""Forecasting: estimators, models, backtests and their evaluation."""

from mercato._mercato.forecast import *
from mercato._mercato.forecast import __all__
