"""Vector similarity: similar products, semantic search, candidates."""

from mercato._mercato.index import *
from mercato._mercato.index import __all__
