"""What paths and queries say of themselves: regular expressions over lower-case paths, and over URLs."""

API_LOGIN = r"/api/|/rest|/v\d+/|json|token|graphql|oauth|/wp-json/"
"""Login endpoints of programs, which answer 200 when the password is right, and not with the form again."""

GUARDED = (
    r"/ews/exchange\.asmx|/microsoft-server-activesync|/autodiscover/autodiscover|/manager/(html|text|status)|/hnap1"
)
"""Endpoints that refuse each first request with 401, as HTTP has it, so that an answer proves a login (lower case)."""

GRANTS = r"(^|/)(token|refresh|refresh[-_]?token)/?$"
"""Endpoints that tell success by their status (RFC 6749, 5.2), however often they are asked (lower case)."""

INTERFACE = (
    r"(^|/)(api|_api|rest|graphql|rpc|jsonrpc|wp-json|_next/data|socket\.io|message-bus|ajax|webhooks?)(/|$)"
    r"|^/v\d+(\.\d+)?/|\.json$"
)
"""What programs and pages ask for by themselves, all day: interfaces (lower case)."""

UPLOADED = (
    r"/(uploads?|images?|img|tmp|temp|cache|avatars?|\.well-known)/(.*/)?[^/]+\.(php\d?|phtml|aspx?|jspx?)$"
    r"|/(files|media|css|fonts?)/(.*/)?([^/]+\.(php\d|phtml)|[^/]{1,2}\.(php|aspx?|jspx?))$"
)
"""Scripts where only visitors' files should lie, or what pages are made of; of the latter folders' scripts some are the
site's own, which have a name, and the usual extension (lower case)."""

FILED = (
    r"\.(deb|rpm|apk|ipa|whl|jar|war|gem|crate|nupkg|t?gz|t?xz|bz2|zst|zip|7z|rar|iso|img|exe|msi|dmg|pkg|bin|ts|m4s|m3u8"
    r"|mpd|pbf|sig|asc|sha\d+)$|/(thumb(nail)?s?|previews?|avatars?|tiles?)(/|$)|\.git/"
    r"|/(objects|blobs|manifests|assets|(web|cal|card)?dav)/|\.(pom|md5|mvt)$|/(chunk|seg(ment)?|frag(ment)?)[-_]?\d+$"
)
"""What programs fetch by the hundred and nobody reads: packages, parts of films, thumbnails, shares (lower case)."""

NUMBERED = r"[?&][A-Za-z_]{1,16}=\d{1,6}(&|$)"
"""A query that chooses among pages: a page's number or an article's, too short for a time."""

SEARCHED = r"(?i)[?&](q|s|k|p|wd|qs|query|search\w{0,12}|keywords?|terms?|text|find|phrase|words?|action_name)="
"""A query that holds words which somebody typed."""
