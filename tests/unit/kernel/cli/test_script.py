"""The console script imports what the command at hand needs."""

from __future__ import annotations

import subprocess
import sys
import textwrap

from kernel.cli.main import COMMANDS, SERVERS


def test_servers_are_commands_with_a_module_of_their_name():
    assert set(COMMANDS) >= SERVERS


def test_a_server_imports_neither_other_commands_nor_what_only_they_use():
    code = textwrap.dedent("""
        import sys
        sys.argv = ["bos", "serve", "--help"]
        from kernel.cli.script import main
        try:
            main()
        except SystemExit:
            pass
        print(sorted(name for name in sys.modules if name in {
            "kernel.cli.imports", "webauthn", "authlib", "xlsxwriter", "python_calamine", "httpx2", "sqlite3",
            "kernel.cli.serve",
        }))
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['kernel.cli.serve']"
