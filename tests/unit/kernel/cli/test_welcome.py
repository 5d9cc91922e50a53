"""What `bos up` says when everything runs."""

from kernel.cli.demo import Demo
from kernel.cli.welcome import name_program, welcome
from kernel.tenancy.record import TenantRecord

TENANT = TenantRecord("1", "demo", "Demo", "t_demo", "r", None, "active", "standard", "EUR", "UTC", "en")
URL = "http://127.0.0.1:8000"


def test_a_first_start_shows_the_password_and_a_request_that_works_with_it():
    text = welcome(URL, Demo(TENANT, "admin@demo.example", "s3cret", ["The applet x was left out: why"]), "bos")
    assert "password  s3cret\n" in text
    assert '"email": "admin@demo.example", "password": "s3cret"}' in text
    assert f"curl -s {URL}/api/v1/auth/login" in text
    assert f"{URL}/docs" in text
    assert "The applet x was left out: why" in text


def test_a_second_start_says_how_to_get_a_new_password():
    text = welcome(URL, Demo(TENANT, "admin@demo.example"), ".venv/bin/bos")
    assert ".venv/bin/bos user set-password admin@demo.example --tenant demo" in text
    assert "password  as shown at the first start" in text


def test_without_a_demo_tenant_it_says_how_to_make_one():
    assert "bos tenant create acme" in welcome(URL, None, "bos")


def test_the_program_is_named_as_a_shell_here_finds_it(tmp_path, monkeypatch):
    program = tmp_path / "bin" / "bos"
    program.parent.mkdir()
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    assert name_program(str(program)) == "bin/bos"
    monkeypatch.setenv("PATH", str(program.parent))
    assert name_program(str(program)) == "bos"
    monkeypatch.chdir("/")
    monkeypatch.setenv("PATH", "")
    assert name_program("/elsewhere/../x/bos").endswith("/bos")
