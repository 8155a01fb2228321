"""Where common applications take credentials: one table of login endpoints."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Login:
    """An application's login endpoints.

    Attributes:
        application: Its name, as in `wwwatch.login`.
        pattern: Rust regular expression that takes the end of a lower-case path, without a slash at its end.
        is_shared: Whether the path also takes other requests, so that a POST there need not be a login.
    """

    application: str
    pattern: str
    is_shared: bool = False


LOGINS = (
    Login("wordpress", r"(^|/)(wp-login\.php|xmlrpc\.php)|/wp-json/jwt-auth/v\d/token"),
    Login("joomla", r"/administrator(/index\.php)?", is_shared=True),
    Login("drupal", r"/user/login(/json)?"),
    Login("phpmyadmin", r"/(phpmyadmin[^/]*|pma|myadmin|dbadmin|mysqladmin)(/index\.php)?", is_shared=True),
    Login("cpanel", r"/(cpanel|whm|webmail)/login|/cpsess\d+/login"),
    Login("plesk", r"/login_up\.php3?"),
    Login("nextcloud", r"/index\.php/login(/v2)?|/login/v2"),
    Login("gitlab", r"/users/sign_in|/users/auth/ldap[a-z]+/callback"),
    Login("gitea", r"/user/(sign_in|two_factor)"),
    Login("grafana", r"/grafana/login"),
    Login("jenkins", r"/j_(spring|acegi)_security_check"),
    Login("keycloak", r"/realms/[^/]+/(login-actions/authenticate|protocol/openid-connect/token)"),
    Login("exchange", r"/owa/auth(\.owa|/logon\.aspx)?"),
    Login(
        "exchange",
        r"/ews/exchange\.asmx|/microsoft-server-activesync|/autodiscover/autodiscover\.(xml|json)",
        is_shared=True,
    ),
    Login("tomcat", r"/j_security_check"),
    Login("tomcat", r"/(host-)?manager/(html|text|status)", is_shared=True),
    Login("magento", r"/customer/account/loginpost|/v1/integration/(admin|customer)/token"),
    Login("django", r"/admin/login|/accounts/login|/(dj-)?rest-auth/login"),
    Login("vpn", r"/remote/logincheck|/dana-na/auth/[^/]+/login\.cgi|/\+cscoe\+/logon\.html"),
    Login("vpn", r"/global-protect/login\.esp|/logon/logonpoint/[^?]*", is_shared=True),
    Login("router", r"/boaform/admin/formlogin|/goform/(set_)?login"),
    Login("router", r"/cgi-bin/luci|/hnap1", is_shared=True),
    Login(
        "generic",
        r"(^|/)(log-?in|log-?on|sign-?in|sign_in|authenticate|auth|session|sessions|token|user_login|do_login"
        r"|login[-_]?check|auth/local|auth/callback/credentials|(login|signin)/(index\.php|submit|process|check|post)"
        # The second factor is guessed like a password.
        r"|(verify[-_])?otp|2fa|mfa|totp|two[-_]?factor([-_]auth)?|verify[-_](otp|2fa|code)"
        r"|(signin|login|logon|user_login|do_login|auth)\.(php|aspx?|jsp|do|html?|cgi|action))",
    ),
)
"""Own selection; of the applications that fit, the one whose pattern begins first in the path is named."""


def _joined(logins: tuple[Login, ...]) -> str:
    return "(?:" + "|".join(login.pattern for login in logins) + ")/?$"


LOGIN_PATH = _joined(tuple(login for login in LOGINS if not login.is_shared))
"""Paths to which common applications post credentials and nothing else (lower case)."""

SHARED_LOGIN_PATH = _joined(tuple(login for login in LOGINS if login.is_shared))
"""Paths that take credentials and other requests as well (lower case)."""

_ANY_LOGIN = "(?i)" + _joined(LOGINS)
_WHICH_LOGIN = "(?i)(?:" + "|".join(f"({re.sub(r'[(](?![?])', '(?:', login.pattern)})" for login in LOGINS) + ")/?$"
"""Has a group per login: the first that is not null is the login."""


LOGIN_QUERY = (
    r"(?i)\?(?:[^#]*&)?(?:route|_task|action|do|mode|q|controller|task|title|page|view|act|section)="
    r"(?:account/|users?[/.]|special:user)?(?:log_?in2?|log_?on|sign_?in|authentication|do_?login|submitlogin)(?:&|$)"
)
"""URLs of one script for everything (OpenCart, Roundcube, phpBB, PrestaShop, MediaWiki) that take credentials."""

NO_LOGIN = r"(?i)xmlrpc\.php\?(?:[^#]*&)?for=jetpack&"
"""URLs at a login's path that take none: these calls are signed."""


def login_applications(paths: pl.Series) -> pl.Series:
    """Return the application whose login endpoint each path is.

    Args:
        paths: Paths of URLs as logged, shape (n,).

    Returns:
        An application of `LOGINS`, shape (n,); null where the path is none or takes no login.
    """
    rows = paths.str.contains(_ANY_LOGIN).fill_null(value=False).arg_true()
    applications = pl.Series(paths.name, [None], pl.String).new_from_index(0, len(paths))
    if rows.is_empty():
        return applications
    hits = paths.gather(rows)
    distinct = hits.unique()
    groups = distinct.str.extract_groups(_WHICH_LOGIN)
    # These are few: a site has a handful of them.
    names = [_first(groups_of_path.values()) for groups_of_path in groups]
    return applications.scatter(rows, hits.replace_strict(distinct, names, return_dtype=pl.String))


def _first(groups: Iterable[str | None]) -> str | None:
    return next((login.application for login, group in zip(LOGINS, groups, strict=True) if group is not None), None)
