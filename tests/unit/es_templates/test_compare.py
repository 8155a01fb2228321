"""Two ways of writing the same thing are no difference; every real one is found and told in a few words."""

from typing import Any

import pytest

from es_templates.compare import differences, flat_settings, mapping_gaps, nested_mapping, template_facts
from es_templates.existing import converge_index

KEYWORD = {"type": "keyword", "ignore_above": 1024}


def mapping(**fields: Any) -> dict[str, Any]:
    return {"dynamic": "false", **nested_mapping({name.replace("__", "."): body for name, body in fields.items()})}


@pytest.mark.parametrize(
    "settings",
    [
        {"index": {"refresh_interval": "5s", "number_of_shards": 1, "mapping": {"ignore_malformed": True}}},
        {"index": {"refresh_interval": "5s", "number_of_shards": "1", "mapping": {"ignore_malformed": "true"}}},
        {"refresh_interval": "5s", "index.number_of_shards": "1", "index.mapping.ignore_malformed": "true"},
    ],
)
def test_settings_have_one_form(settings: dict[str, Any]) -> None:
    assert flat_settings(settings) == {
        "index.refresh_interval": "5s",
        "index.number_of_shards": "1",
        "index.mapping.ignore_malformed": "true",
    }


def test_additions_of_elasticsearch_are_no_difference() -> None:
    shipped = {"index_patterns": ["a-*"], "data_stream": {}, "template": {"mappings": {"dynamic": False}}}
    read_back = {
        "index_patterns": ["a-*"],
        "composed_of": [],
        "data_stream": {"hidden": False, "allow_custom_routing": False},
        "template": {"mappings": {"dynamic": False}, "settings": {}},
        "version": 7,
    }
    assert differences(template_facts(read_back), template_facts(shipped)) == ""


def test_differences_are_told_in_a_few_words() -> None:
    actual = {"a": "1", "b": "2", "d": "x" * 100}
    wanted = {"a": "1", "b": "3", "c": "4", "d": "y"}
    assert differences(actual, wanted) == "b: 2, wanted 3; c is missing and 1 more"
    assert differences({"d": "x" * 100}, {}) == "d is too much"
    assert len(differences({"d": "x" * 100}, {"d": "y"})) < 100
    assert differences(wanted, wanted) == ""


def test_missing_and_changeable_fields_are_gaps() -> None:
    actual = mapping(a__b=KEYWORD, a__c={"type": "keyword", "ignore_above": 10}, foreign={"type": "long"})
    wanted = mapping(a__b=KEYWORD, a__c=KEYWORD, a__d={"type": "date"})
    assert mapping_gaps(actual, wanted) == ({"a.c": KEYWORD, "a.d": {"type": "date"}}, [])


def test_default_parameters_are_no_gap() -> None:
    wanted = mapping(t={"type": "date", "ignore_malformed": False}, o={"type": "object", "enabled": False})
    assert mapping_gaps(mapping(t={"type": "date"}, o={"type": "object", "enabled": "false"}), wanted) == ({}, [])


@pytest.mark.parametrize(
    ("actual", "wanted", "sentence"),
    [
        (mapping(a={"type": "long"}), mapping(a=KEYWORD), "a is long, wanted keyword"),
        (mapping(a=KEYWORD), mapping(a={**KEYWORD, "index": False}), "a is keyword, wanted keyword index=false"),
        (mapping(a=KEYWORD), mapping(a__b=KEYWORD), "a is keyword, wanted fields below it"),
        (mapping(a__b=KEYWORD), mapping(a=KEYWORD), "a has fields below it, wanted none"),
    ],
)
def test_what_cannot_change_is_a_conflict(actual: dict[str, Any], wanted: dict[str, Any], sentence: str) -> None:
    assert mapping_gaps(actual, wanted) == ({}, [sentence])


def test_conflict_rolls_a_data_stream_over_and_leaves_an_index_to_a_person() -> None:
    wanted = {"settings": {}, "mappings": mapping(a=KEYWORD, b=KEYWORD)}
    actual = mapping(a={"type": "long"})
    assert list(converge_index("i", actual, {}, wanted, can_roll_over=True)) == [
        ("update", "rolls over: a is long, wanted keyword", {"rollover": True})
    ]
    added, left = converge_index("i", actual, {}, wanted, can_roll_over=False)
    assert (added[0], left[0]) == ("update", "manual")
    assert added[2] == {"index": "i", "mapping": {"properties": {"b": KEYWORD}}}
    assert "a is long, wanted keyword" in left[1]


def test_settings_that_an_index_takes_are_put_and_others_are_left() -> None:
    wanted = {
        "settings": {"index": {"translog": {"durability": "request"}, "codec": "best_compression"}},
        "mappings": mapping(a=KEYWORD),
    }
    settings = {"index.translog.durability": "async"}
    (step,) = converge_index("i", mapping(a=KEYWORD), settings, wanted, can_roll_over=False)
    assert step == (
        "update",
        "index.translog.durability: async, wanted request",
        {"index": "i", "settings": {"index.translog.durability": "request"}},
    )


def test_an_index_that_lets_documents_create_fields_is_closed() -> None:
    wanted = {"settings": {}, "mappings": mapping(a=KEYWORD)}
    (step,) = converge_index("i", {"properties": {"a": KEYWORD}}, {}, wanted, can_roll_over=False)
    assert step[2] == {"index": "i", "mapping": {"dynamic": False}}
