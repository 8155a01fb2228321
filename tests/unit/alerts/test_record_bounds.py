"""A record stays small and still names every action."""

import json

from alerts.engine.records import bounded_parts


def test_actions_with_large_mails_are_kept_by_name_with_what_fits() -> None:
    mail = {"message": {"subject": "s", "body": {"text": "t", "html": "x" * 60_000}}}
    action = {"id": "mail", "type": "email", "status": "simulated", "email": {"would_tell": [mail] * 20, "notices": 20}}
    (shown,) = bounded_parts({"actions": [action]})["actions"]
    assert (shown["id"], shown["status"], shown["email"]["notices"]) == ("mail", "simulated", 20)
    assert shown["email"]["would_tell"][0]["message"]["body"]["text"] == "t"
    assert len(json.dumps(shown)) < 60_000
