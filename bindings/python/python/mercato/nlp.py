"""Language: intents, sentiment, entities, knowledge, and a help desk that knows when to ask a human."""

from mercato._mercato.nlp import *
from mercato._mercato.nlp import __all__
