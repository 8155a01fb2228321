"""Installing and removing, against a stand-in that refuses what Kibana refuses."""

import dataclasses
import json

import pytest

from core.errors import KibanaError
from kibana.compile.objects import build_objects
from kibana.compile.saved import MIGRATION_VERSIONS
from kibana.install.install import check_version, install, remove
from kibana.install.server import Access, Kibana
from kibana.source.files import read_sources
from tests.kibana_stand_in import KEY, stand_in

OBJECTS = build_objects(read_sources())


def test_importing_twice_changes_nothing() -> None:
    with stand_in() as server:
        kibana = Kibana(Access(server.url, api_key=KEY))
        assert install(kibana, OBJECTS).count == len(OBJECTS)
        before = json.dumps(list(server.objects.values()))
        assert install(kibana, OBJECTS).count == len(OBJECTS)
        assert json.dumps(list(server.objects.values())) == before


def test_a_space_is_part_of_the_address() -> None:
    with stand_in(spaces=("default", "ops")) as server:
        install(Kibana(Access(server.url + "/", space="ops", api_key=KEY)), OBJECTS)
        assert {space for space, _, _ in server.objects} == {"ops"}


def test_removing_takes_everything_of_ours_and_nothing_else() -> None:
    with stand_in() as server:
        kibana = Kibana(Access(server.url, api_key=KEY))
        install(kibana, OBJECTS)
        server.objects["default", "dashboard", "hers"] = {}
        assert remove(kibana, OBJECTS) == len(OBJECTS)
        assert list(server.objects) == [("default", "dashboard", "hers")]
        assert remove(kibana, OBJECTS) == 0


def test_what_an_object_lacks_is_named() -> None:
    with stand_in() as server:
        kibana = Kibana(Access(server.url, api_key=KEY))
        without = [each for each in OBJECTS if each.id != "wwwatch-access"]
        with pytest.raises(KibanaError, match="needs index-pattern wwwatch-access, which is not there"):
            install(kibana, without)
        assert server.objects == {}


def test_a_kibana_that_is_too_old_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with stand_in(version="8.9.2") as server, pytest.raises(KibanaError, match=r"8\.10 or newer"):
        check_version(Kibana(Access(server.url, api_key=KEY)))
    monkeypatch.setitem(MIGRATION_VERSIONS, "dashboard", "10.9.0")
    with stand_in() as server, pytest.raises(KibanaError, match=r"422.*more recent version"):
        install(Kibana(Access(server.url, api_key=KEY)), OBJECTS)


def test_the_same_id_twice_is_refused() -> None:
    with stand_in() as server, pytest.raises(KibanaError, match=r"400.*Non-unique"):
        install(Kibana(Access(server.url, api_key=KEY)), [OBJECTS[0], dataclasses.replace(OBJECTS[0])])


@pytest.mark.parametrize(
    ("access", "hint"),
    [({"api_key": "wrong"}, "check kibana.api_key"), ({"api_key": KEY, "space": "none"}, "does the space exist")],
)
def test_a_refusal_says_what_to_do(access: dict[str, str], hint: str) -> None:
    with stand_in() as server, pytest.raises(KibanaError, match=hint) as refused:
        check_version(Kibana(Access(server.url, **access)))
    assert "wrong" not in str(refused.value)


def test_nobody_there_is_one_sentence() -> None:
    with pytest.raises(KibanaError, match="cannot reach Kibana at"):
        check_version(Kibana(Access("http://127.0.0.1:9", api_key=KEY)))
