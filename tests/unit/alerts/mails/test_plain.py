"""A watch's plain text is read as what it looks like."""

from alerts.mails.plain import read_blocks, read_letter

TEXT = """It stands still.

Since: yesterday
Lines: 12

WHAT TO DO
1. Look:
    wwwatch ship --status
2. Start it.

- one
- two
"""


def test_forms() -> None:
    found = [(block.form, block.lines, block.first) for block in read_blocks(TEXT)]
    assert found == [
        ("paragraph", ("It stands still.",), 1),
        ("facts", ("Since: yesterday", "Lines: 12"), 1),
        ("title", ("WHAT TO DO",), 1),
        ("steps", ("Look:",), 1),
        ("code", ("wwwatch ship --status",), 1),
        ("steps", ("Start it.",), 2),
        ("list", ("one", "two"), 1),
    ]


def test_a_letter_has_a_headline_and_a_mood() -> None:
    letter = read_letter("[wwwatch] shipper: silent", TEXT, {"mood": "failing"})
    assert (letter.kicker, letter.headline, letter.mood) == ("shipper", "silent", "failing")
    assert letter.under == "It stands still."
    assert letter.blocks[0].rows == (("Since", "yesterday"), ("Lines", "12"))
    assert read_letter("silent", "", {"mood": "merry"}, "high").mood == "failing"
    assert read_letter("silent", "", {}).kicker == "wwwatch"
