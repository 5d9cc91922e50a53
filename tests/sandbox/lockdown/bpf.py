"""The part of the machine's filter interpreter that the sandbox's filters use."""

from sandbox.lockdown.seccomp import AND, AT_LEAST, EQUAL, LOAD, RETURN


def run(steps, *, number, architecture, arguments=()):
    """What a filter answers to a call."""
    words = {0: number, 4: architecture}
    for place, argument in enumerate((*arguments, 0, 0, 0, 0, 0, 0)[:6]):
        words[16 + 8 * place] = argument & 0xFFFFFFFF
        words[20 + 8 * place] = argument >> 32 & 0xFFFFFFFF
    position = accumulator = 0
    while True:
        code, if_true, if_false, operand = steps[position]
        position += 1
        if code == RETURN:
            return operand
        if code == LOAD:
            accumulator = words[operand]
        elif code == AND:
            accumulator &= operand
        else:
            holds = {EQUAL: accumulator == operand, AT_LEAST: accumulator >= operand}[code]
            position += if_true if holds else if_false
