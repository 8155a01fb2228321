"""Signs of web shells: scripts that somebody left on a hacked site, and others look for.

Own selection; the names are those that the Core Rule Set, the CrowdSec hub and the reports of hacked sites tell.
"""

from enrich.sign import SHELL, Sign

_SCRIPT = r"\.(php\d?|phtml|phar|asp|aspx|ashx|jsp|jspx|cfm|pl)(\?|$)"

_NAMES = (
    r"c99|c100|r5[78]|b374k|indoxploit|priv8|leafmailer|xleet|fx29|nstview|mysql_web_interface|antichat|aspydrv"
    r"|aspxspy"
    r"|aspxsh|php-?spy|phpjackal|phvayv|safe0ver|sincap|smevk|spygrup|sosyete|zacosmall|zehir|ru24|r00t|weevely"
    r"|behinder"
    r"|antsword|caidao|ntdaddy|iskorpitx|dtool|h4ntu|liz0zim|simattacker|cgitelnet|alfa[-_]?(shell|cgi|tesla|rex"
    r"|ioxi|team)"
    r"|alfanew|gel4y|0byte|an0n|wso\d|ak-74|ayyildiz|azrailphp|bdotw44|bloodsec|casus-|cbfphpsh|cihshell|configkiller"
    r"|cwshelldumper|ekin0x|elmaliseker|ex0shell|fatalistic|g00n|hkrkoz|indosec|itsec|jspbd|lifkas|loaderz|lostdc"
    r"|non-alphanumeric|perlwebshell|phantasma|phpinj|phpremoteview|private-i3lue|remexp|s72_shell|safe_mode_bypass"
    r"|sh3ll"
    r"|simshell|soldierofallah|spyshell|tryag|upl0ader|worse_linux|zyklon|nccshell|locus7|gfs_sh|rst_sql|lamashell"
    r"|kadot|nixrem|shellbot|1n73ction|bypass403|403bypass|haxor|h4x0r|hacked|defaced?|filesman|minishell"
    r"|networkfilemanagerphp"
)
"""No word of a language begins so."""

WEBSHELL = Sign(
    "webshell",
    "a web shell",
    SHELL,
    rf"/({_NAMES})[-_.\w]{{0,24}}{_SCRIPT}"
    rf"|/(wso|alfa|marijuana|shellx|chopper|godzilla|cmd|cmdexec|cmd_win32|up_win32|spexec|connect-back"
    rf"|wp-term){_SCRIPT}"
    rf"|/(web|php|cgi|cmd|my|dx|n|fx|mini|root|loc|simple|up|404|jsp|asp|aspx|j|wp|qsd)?[-_]?(shell|backdoor"
    rf"|cmd)[-_]?\d*"
    rf"{_SCRIPT}|/[\w.-]*(web|php|jsp|asp|_|-)shell[\w.-]{{0,12}}{_SCRIPT}"
    r"|/alfa_?data|alfacgiapi|/perl\.alfa|/alfaindex|/(simple|php)[-_](php_)?backdoor",
    rf"/({_NAMES})|shell|backdoor|cmd|alfa|/(wso|marijuana|chopper|godzilla|up_win32|spexec|connect-back|wp-term)",
    is_explicit=True,
)

BACKDOOR = Sign(
    "backdoor",
    "a script named or placed as back doors are",
    SHELL,
    r"/(up|upl|ups|uploader|upfile|fileman|fm|mini|radio|moon|cong|autoload_classmap|lock360|repeater|dropdown"
    r"|moduless?"
    r"|makeasmtp|mailer|mass|ioxi\w*|wp-(conflg|confiq|2019|22|headers|admins|sigunq|pano|one|ver|class|info|file)"
    r"|blurbs"
    r"|classwithtostring|wp_wrong_datlib|xmrlpc|xm1rpc|yanz|bless|akcc|baxa|system_log|worksec|owlmailer|symlink|cok"
    r"|config-?grabber|xx+|zz+|aa+|tes|anon|eval|pass|password|hack|hacker|fox|mari|inputs|atomlib|tmpls|sym|bogel"
    r"|nee|rxr"
    rf"|1337|egy|udp|ddos|irc|pws|wewo|megabor|kral|predator|angel|b37|c37|c66|andela|sniper)\d?{_SCRIPT}"
    r"|^/+(\d{1,3}|[a-z]\d?)\.php\d?(\?|$)"
    # Where no scripts are: below what visitors upload, and in WordPress' folders of data.
    r"|/(uploads?|wp-content/(uploads|languages|upgrade|cache|blogs\.dir)|wp-includes/(images|css|fonts|certificates"
    r"|pomo|ixr|id3|simplepie|text|widgets|requests|rest-api|block-\w+|sitemaps|style-engine|php-compat|assets"
    r"|html-api)"
    r"|wp-admin/(images|css|js|maint|network/images|user)|\.well-known|\.tmb|pki-validation|acme-challenge)/([^?]*/)?"
    rf"[^/?]+{_SCRIPT}",
    "",
)
