"""Vehicle routing: problems, search, explained solutions, re-planning during the day."""

from mercato._mercato.routing import *
from mercato._mercato.routing import __all__
