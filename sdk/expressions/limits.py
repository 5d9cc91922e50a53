"""What an expression may cost."""

SOURCE_CHARACTERS_MAX = 4_000
DEPTH_MAX = 40
NODES_MAX = 500
LITERAL_DIGITS_MAX = 38
# Items all loops of one evaluation may visit together.
EVALUATION_STEPS_MAX = 100_000
# A quotient is rounded half-up to this many places; PostgreSQL's own choice of places depends on its operands.
DIVISION_PLACES = 20
ROUND_PLACES_MAX = 38
