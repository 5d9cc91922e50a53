"""What the tests of this engine run."""

from sandbox.host import Deadlines, Program

PATIENT = Deadlines(soft_s=20.0, hard_s=40.0)
SHORT = Deadlines(soft_s=0.1, hard_s=0.3)


def program(source, **more):
    options = {"files": more.pop("files", {}), "keeps_state": more.pop("keeps_state", False)}
    return Program("tested", "1.0.0", str(hash(source)), {"hooks": source, **more}, **options)


def loaded(engine, source, memory_mb=64, **more):
    worker = engine.spawn(memory_mb)
    worker.load(program(source, **more))
    return worker


def no_answer(capability, arguments):
    raise AssertionError(f"nothing is to be asked, but {capability} was")


def run(worker, function, *arguments, answer=no_answer, deadlines=PATIENT):
    return worker.run("hooks", function, list(arguments), answer, deadlines)
