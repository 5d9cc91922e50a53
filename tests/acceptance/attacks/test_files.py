"""Files of strangers: bombs, names that lead elsewhere, entities, encodings that never end.

Nothing is unpacked further than it may be, nothing is written where a name says, and what is wrong is told as a failed
job or a refusal.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile

import pytest

from kernel.backup.errors import ArchiveUnreadable
from kernel.backup.exporting import export_tenant
from kernel.backup.importing import ImportWish, import_tenant
from kernel.transfer import unpacking
from sdk.errors import BosError
from tests.acceptance.attacks.world import UPLOAD_BYTES_MAX

GUESTS = {"type": "vault.guest"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATIONS = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
BOOK = f'<workbook {MAIN} {RELATIONS}><sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>'
ROW = '<row><c t="inlineStr"><is><t>name</t></is></c></row><row><c t="inlineStr"><is><t>{}</t></is></c></row>'
MIB = 1 << 20


def rels(target="worksheets/sheet1.xml"):
    return f'<Relationships><Relationship Id="r1" Target="{target}"/></Relationships>'


def workbook(sheet=None, book=BOOK, relations=None, texts=None, **more):
    """An XLSX file made by hand."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", book)
        archive.writestr("xl/_rels/workbook.xml.rels", relations or rels())
        content = f"<worksheet {MAIN}><sheetData>{ROW.format('x')}</sheetData></worksheet>" if sheet is None else sheet
        archive.writestr("xl/worksheets/sheet1.xml", content)
        if texts is not None:
            archive.writestr("xl/sharedStrings.xml", texts)
        for name, data in more.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def laughing(levels=12):
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, levels))
    return f'<!DOCTYPE x [<!ENTITY l0 "ha">{entities}]>'


def with_doctype(doctype, value):
    return workbook(f"{doctype}<worksheet {MAIN}><sheetData>{ROW.format(value)}</sheetData></worksheet>")


def bomb(size=6 * MIB):
    return gzip.compress(b"name\n" + b"a" * size)


def lying_zip():
    """An entry that says it is small and is not."""
    data = workbook("<worksheet>" + " " * (6 * MIB))
    real = (6 * MIB + len("<worksheet>")).to_bytes(4, "little")
    return data.replace(real, (100).to_bytes(4, "little"))


# format, the file, and what becomes of the job: its state, and the code of its error or what it made.
FILES = [
    ("a gzip bomb", "csv", bomb, "source_too_large"),
    ("a gzip bomb of lines", "jsonl", lambda: gzip.compress(b"\n" * 6 * MIB), "source_too_large"),
    ("a gzip file in a gzip file", "csv", lambda: gzip.compress(bomb()), "source_unreadable"),
    ("gzip cut off", "csv", lambda: bomb(MIB)[:-100], "source_unreadable"),
    ("gzip with something behind it", "csv", lambda: gzip.compress(b"name\nx\n") + b"\x00nonsense" * 100,
    "source_unreadable"),
    ("no gzip at all", "csv", lambda: b"\x1f\x8b" + b"\x00" * 1000, "source_unreadable"),
    ("a sheet that is a bomb", "xlsx", lambda: workbook(f"<worksheet {MAIN}>" + " " * (6 * MIB)), "source_too_large"),
    ("shared texts that are a bomb", "xlsx",
     lambda: workbook(texts=f"<sst {MAIN}>" + "<si><t>a</t></si>" * 400_000), "source_too_large"),
    ("a zip that lies about its size", "xlsx", lying_zip, None),
    ("a sheet above the archive", "xlsx", lambda: workbook(relations=rels("../../../../etc/passwd")),
    "source_unreadable"),
    ("a sheet at an absolute place", "xlsx", lambda: workbook(relations=rels("/etc/passwd")), "source_unreadable"),
    ("a sheet at a URL", "xlsx", lambda: workbook(relations=rels("http://127.0.0.1:1/x")), "source_unreadable"),
    ("a sheet at a file URL", "xlsx", lambda: workbook(relations=rels("file:///etc/passwd")), "source_unreadable"),
    ("an entity of a file", "xlsx",
     lambda: with_doctype('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', "&e;"), "source_unreadable"),
    ("an entity of a URL", "xlsx",
     lambda: with_doctype('<!DOCTYPE x [<!ENTITY e SYSTEM "http://127.0.0.1:1/">]>', "&e;"), "source_unreadable"),
    ("a parameter entity", "xlsx",
     lambda: with_doctype('<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>', "x"), "source_unreadable"),
    ("a billion laughs", "xlsx", lambda: with_doctype(laughing(), "&l11;"), "source_unreadable"),
    ("laughs in the texts", "xlsx", lambda: workbook(texts=f"{laughing()}<sst {MAIN}><si><t>&l11;</t></si></sst>"),
     "source_unreadable"),
    ("tags in tags", "xlsx", lambda: workbook(f"<worksheet {MAIN}>" + "<a>" * 200_000), "source_unreadable"),
    ("an endless tag", "xlsx", lambda: workbook("<worksheet " + "a" * (8 * MIB)), "source_unreadable"),
    ("an endless list of attributes", "xlsx",
     lambda: workbook("<worksheet " + " ".join(f'a{n}="x"' for n in range(200_000)) + ">"), "source_unreadable"),
    ("a cell far to the right", "xlsx",
     lambda: workbook(f'<worksheet {MAIN}><sheetData><row><c r="ZZZZZZ1" t="inlineStr"><is><t>x</t></is></c></row>'
                      "</sheetData></worksheet>"), "source_unreadable"),
    ("a text that is not there", "xlsx",
     lambda: workbook(f'<worksheet {MAIN}><sheetData>{ROW.format("x")}<row><c t="s"><v>999999999999</v></c></row>'
                      "</sheetData></worksheet>", texts=f"<sst {MAIN}/>"), None),
    ("thousands of entries", "xlsx", lambda: workbook(**{f"x/{n}": b"" for n in range(5_000)}), None),
    ("no workbook", "xlsx", lambda: b"PK\x03\x04" + b"\x00" * 500, "source_unreadable"),
    ("no zip", "xlsx", lambda: b"name\nx\n", "source_unreadable"),
    ("an endless line", "jsonl", lambda: b'{"name": "' + b"a" * (2 * MIB) + b'"}', None),
    ("levels without end", "jsonl", lambda: b'{"name": ' + b"[" * 500_000 + b"]" * 500_000 + b"}", None),
    ("objects without end", "jsonl", lambda: b'{"name": ' + b'{"a":' * 200_000 + b"1" + b"}" * 200_000 + b"}", None),
    ("numbers without end", "jsonl", lambda: b'{"name": ' + b"9" * 1_000_000 + b"}", None),
    ("exponents", "jsonl",
    lambda: b'{"name": 1e400}\n{"name": 1e-999999999}\n{"name": NaN}\n{"name": -Infinity}', None),
    ("half of a pair", "jsonl", lambda: b'{"name": "\\ud800"}\n{"\\udc00": 1}\n{"name": "\\u0000"}', None),
    ("the same name twice", "jsonl", lambda: b'{"name": "a", "name": "b"}', None),
    ("formulas", "csv", lambda: b"name\n=cmd|' /C calc'!A0\n@SUM(1)\n+1\n-1\n\"=HYPERLINK(\"\"http://x\"\")\"\n", None),
    ("quotes without end", "csv", lambda: b'name\n"' + b'""' * 1_000_000, None),
    ("columns without end", "csv", lambda: b",".join(b"a%d" % n for n in range(200_000)) + b"\nx\n", None),
    ("a column twice", "csv", lambda: b"name,name\nx,y\n", "source_unreadable"),
    ("no UTF-8", "csv", lambda: b"name\n\xff\xfe\xfa\n", "source_unreadable"),
    ("a NUL", "csv", lambda: b"name\n\x00\n", None),
    ("system fields", "csv", lambda: b"id,version,created_by,name\nx,9,me,x\n", None),
    ("an export of another tenant's ids", "csv", lambda: b"name,id\nx,01890000-0000-7000-8000-00000000dead\n", None),
]  # fmt: skip
# Parameters of an upload, and what they are told: a refusal, or a job that fails.
UPLOADS = [
    {"type": "../../etc/passwd"}, {"type": "vault.guest'; --"}, {"type": "kernel.grant\x00"}, {"type": "*"},
    {"type": ""},
    {"format": "../csv"}, {"format": "exe"}, {"mapping": "[" * 20_000}, {"mapping": "{" * 15_000},
    {"mapping": '{"join": [{"file": "/etc/passwd", "on": "name"}]}'},
    {"mapping": '{"fields": {"name": {"file": "/etc/passwd"}}}'},
    {"key": "name'; --"}, {"key": "__class__"}, {"key": "lines.text"}, {"company_id": "../.."}, {"on_existing": "drop"},
    {"file": "/etc/passwd"}, {"path": "/etc/passwd"}, {"encoding": "idna"}, {"encoding": "punycode"},
    {"encoding": "zlib_codec"},
    {"encoding": "unicode_escape"}, {"encoding": "../../x"}, {"encoding": "a" * 5_000}, {"delimiter": ",,"},
    {"delimiter": "\x00"},
]  # fmt: skip
# Names of members of a tenant's archive that would lead out of it, and kinds of member that are no files.
MEMBERS = [
    ("../escaped", tarfile.REGTYPE), ("/tmp/escaped", tarfile.REGTYPE), ("tenant/../../escaped", tarfile.REGTYPE),
    ("tenant/documents/../x", tarfile.REGTYPE), ("C:\\escaped", tarfile.REGTYPE),
    ("tenant/documents\x00/x", tarfile.REGTYPE),
    ("tenant/users'; --/000000000", tarfile.REGTYPE), ("link", tarfile.SYMTYPE), ("link", tarfile.LNKTYPE),
    ("dir", tarfile.DIRTYPE), ("fifo", tarfile.FIFOTYPE), ("device", tarfile.CHRTYPE),
    ("tenant/pg_authid/000000000", tarfile.REGTYPE),
]  # fmt: skip


@pytest.fixture
def unpacked(monkeypatch):
    """Bytes that were unpacked, and how many were allowed, of each stream. The bound is lower here, to save time."""
    monkeypatch.setattr(unpacking, "UNPACKED_BYTES_FREE", MIB)
    streams = []
    made = unpacking.Bounded.__init__

    def watch(self, stream, name, packed):
        made(self, stream, name, packed)
        streams.append(self)

    monkeypatch.setattr(unpacking.Bounded, "__init__", watch)
    return streams


def bring(world, attacker, format, content, **given):
    asked = {**GUESTS, "format": format, **given}
    answer = attacker.send(
        "POST", "/api/v1/imports", params=asked, content=content, headers={"content-type": "application/octet-stream"}
    )
    if answer.status_code >= 400:
        return answer.json()["code"], {}
    world.work(world.south)
    done = attacker.good("GET", f"/api/v1/imports/{answer.json()['id']}")
    if done["counts"].get("rejected"):
        attacker.send("GET", f"/api/v1/imports/{answer.json()['id']}/rejects")
    return (done["error"] or {}).get("code", done["state"]), done["counts"]


@pytest.mark.parametrize(("what", "format", "make", "code"), FILES, ids=[each[0] for each in FILES])
def test_a_hostile_file_is_refused_within_its_bounds(world, attacker, unpacked, what, format, make, code):
    content = make()
    assert len(content) <= UPLOAD_BYTES_MAX
    found, counts = bring(world, attacker, format, content)
    assert found in ((code,) if code else ("done", "source_unreadable", "source_too_large")), counts
    for stream in unpacked:
        # One buffer beyond the bound is read to see that there is more.
        assert stream._read <= stream._most + MIB
        assert stream._most <= unpacking.UNPACKED_BYTES_FREE + len(content) * unpacking.UNPACKED_RATIO_MAX


@pytest.mark.parametrize("given", UPLOADS)
def test_what_an_upload_asks_for_reads_no_file_but_the_uploaded(world, attacker, given):
    asked = {"format": "csv", **given}
    code, counts = bring(world, attacker, asked.pop("format"), b"name\nx\n", **asked)
    assert code != "done", counts
    assert counts.get("created", 0) == 0


def test_an_upload_is_written_under_an_id_and_nowhere_else(world, attacker):
    folder = world.kernel.settings.data_dir / "transfers"
    before = {path.parent for path in folder.rglob("*")}
    headers = {"content-type": "text/csv", "content-disposition": 'attachment; filename="../../../escaped.csv"',
               "x-filename": "/tmp/escaped", "slug": "../escaped"}  # fmt: skip
    made = attacker.good("POST", "/api/v1/imports", params=GUESTS, content=b"name\nx\n", headers=headers)
    assert {path.parent for path in folder.rglob("*")} == before
    assert [path.name for path in folder.rglob(f"{made['id']}*")] == [f"{made['id']}.upload"]
    world.work(world.south)


def test_an_upload_that_is_too_large_leaves_nothing(world, attacker):
    folder = world.kernel.settings.data_dir / "transfers"
    before = sorted(folder.rglob("*"))

    def pieces():
        for _ in range(UPLOAD_BYTES_MAX // 100_000 + 2):
            yield b"a" * 100_000

    answer = attacker.send(
        "POST", "/api/v1/imports", params=GUESTS, content=pieces(), headers={"content-type": "text/csv"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    "id", ["../../../etc/passwd", "..%2f..%2fmaster.key", "%00", "x", "*", "{id}.upload", "{id}%00", "{id}/../{id}"]
)
@pytest.mark.parametrize("route", ["exports/{}/file", "imports/{}/rejects", "exports/{}", "imports/{}"])
def test_no_file_is_reached_by_what_is_no_id(world, attacker, id, route):
    filled = id.replace("{id}", world.only["export"])
    answer = attacker.send("GET", f"/api/v1/{route.format(filled)}")
    assert (answer.status_code, "root:" in answer.text) in ((404, False), (405, False))


def test_a_formula_leaves_as_text(world, attacker):
    name = '=HYPERLINK("http://evil.example")'
    attacker.good("POST", "/api/v1/vault/guests", json={"name": name})
    asked = {"type": "vault.guest", "format": "csv", "filter": "startswith(name, param.p)", "parameters": {"p": "="}}
    made = attacker.good("POST", "/api/v1/exports", json=asked)
    world.work(world.south)
    file = attacker.send("GET", f"/api/v1/exports/{made['id']}/file")
    assert "=HYPERLINK" in file.text
    assert not any(line.split(",")[-1].strip('"').startswith("=") for line in file.text.splitlines())


@pytest.fixture(scope="module")
def archive(world, tmp_path_factory):
    path = tmp_path_factory.mktemp("archives") / "south.tar.gz"
    export_tenant(world.kernel, world.south, path)
    return path


@pytest.mark.parametrize(("name", "kind"), MEMBERS)
def test_an_archive_writes_no_file_and_fills_no_table_it_names(world, archive, tmp_path, name, kind):
    path = tmp_path / "forged.tar.gz"
    with tarfile.open(archive) as given, tarfile.open(path, "w:gz", format=tarfile.USTAR_FORMAT) as forged:
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.size = kind, "/etc/passwd", 2 if kind == tarfile.REGTYPE else 0
        forged.addfile(member, io.BytesIO(b"x\n"))
        for old in given:
            forged.addfile(old, given.extractfile(old))
    with pytest.raises(ArchiveUnreadable):
        import_tenant(world.kernel, path, ImportWish(name="forged"))
    assert [found.name for found in tmp_path.iterdir()] == ["forged.tar.gz"]
    with world.kernel.database.owner() as owner:
        assert owner.execute("SELECT to_regnamespace('t_forged')").fetchone() == (None,)


# Changes to what an archive says of itself; its manifest becomes SQL, so its names are checked.
MANIFESTS = [
    lambda m: m["tables"][0].update(name='documents"; DROP SCHEMA t_north CASCADE; --'),
    lambda m: m["tables"][0].update(name="../users"),
    lambda m: m["tables"][0].update(columns=['id"; DROP TABLE bos.users; --']),
    lambda m: m["tables"][0].update(name="pg_class"),
    lambda m: m["tables"][0].update(sequence=["id'); DROP TABLE bos.users; --", 1]),
    lambda m: m["tenant"].update(name="north"),
    lambda m: m["tenant"].update(id="x"), lambda m: m.update(format="other"), lambda m: m.update(steps=["0001'; --"]),
    lambda m: m["tables"].append({**m["tables"][0]}), lambda m: m["tables"][0].update(rows=10**9),
    lambda m: m.update(tables="x"),
    lambda m: m["platform"][0].update(name="installation"), lambda m: m["platform"][0].update(name="keyring"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(MANIFESTS)))
def test_what_an_archive_says_of_itself_is_not_believed(world, archive, tmp_path, number):
    before, path = world.fingerprint(world.north), tmp_path / "forged.tar.gz"
    with tarfile.open(archive) as given, tarfile.open(path, "w:gz", format=tarfile.USTAR_FORMAT) as forged:
        for member in given:
            content = given.extractfile(member).read()
            if member.name == "manifest.json":
                manifest = json.loads(content)
                MANIFESTS[number](manifest)
                content = json.dumps(manifest).encode()
            member.size = len(content)
            forged.addfile(member, io.BytesIO(content))
    wish = ImportWish(name="forged") if "north" not in str(MANIFESTS[number].__code__.co_consts) else ImportWish()
    with pytest.raises(BosError):
        import_tenant(world.kernel, path, wish)
    assert world.fingerprint(world.north) == before
