"""Signs of looking for a way in: what somebody asks for who tries what an owner may have left open.

Own selection, after what the CrowdSec hub's scenarios on sensitive files, admin interfaces and back doors cover, and
what scanners ask for. Where a name is ordinary on some site the sign is not explicit.
"""

from enrich.sign import LOOK, SHELL, Sign

_END = r"(\?|$)"
_ASSET = r"\.(css|js|mjs|map|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|eot)(\?|$)"
_SCRIPT = r"\.(php\d?|phtml|phar|asp|aspx|ashx|jsp|jspx|cfm)"

SENSITIVE = Sign(
    "sensitive",
    "a file with secrets",
    LOOK,
    r"/\.+(env|git|svn|hg|bzr|cvs|aws|azure|ssh|gnupg|kube|docker|htpasswd|htaccess|htdigest|hta|ds_store|vscode"
    r"|idea|npmrc|pypirc|netrc|pgpass|my\.cnf|s3cfg|boto"
    r"|bash|zsh|sh_history|mysql_history|psql_history|python_history|history|profile|passwd|pwd|credentials"
    r"|secrets?|config|ftpconfig|sftp|remote-sync|msmtprc|anydesk"
    r"|terraform|vault|cursor|claude|openai|travis|gitlab|circleci|dockerenv|subversion|settings|well-known/\.env"
    r"|listing|user\.ini|rediscli|viminfo|yarnrc|vimrc|json|wp-config)"
    r"|/[\w.-]*\.env([.~_-]\w*)*(\?|$)|/env\.(bak|backup|json|js|old|txt|save|php)|wp-config[^/?]*\.?|/(id_rsa"
    r"|id_dsa|id_ecdsa|id_ed25519|authorized_keys)|/web\.config"
    r"|/(credentials|secrets?|passwords?|passwd|accounts?|aws[-_]?(keys?|credentials)|api[-_]?keys?|keys|tokens"
    r"|private[-_]?keys?|service-?account[\w-]*)\.(json|txt|csv|xml|ya?ml|db|ini|zip|env|properties)"
    r"|/config[^/?]{0,20}\.(ya?ml|inc|ini|bak|old|txt|toml|php[._~-]\w*|php\.|inc\.php|properties)|/(sftp-config"
    r"|firebase|local\.settings|appsettings[^/?]*|storage)\.json"
    r"|/(application|bootstrap)[^/?]{0,20}\.(properties|ya?ml)|/(database|parameters|secrets|credentials|settings"
    r"|local|production|docker-compose[^/?]*|wp-cli|serverless|deploy)\.ya?ml"
    r"|/(localsettings|settings|configuration|conf|db|database|connect|settings\.inc)\.(php|py|inc)[._~-]"
    r"|/settings\.py|/local\.xml|/phpinfo\.bak|/proftpd|/nginx\.conf|/httpd\.conf|/my\.ini"
    r"|^[^?]*\.(pem|p12|pfx|ppk|jks|keystore|kdbx?|ovpn|tfstate|tfvars)(\.\w+)?(\?|$)|/(private|privkey|server|ssl"
    r"|localhost|domain|cert)[^/?]{0,20}\.key(\?|$)"
    r"|/(master|shadow)\.(key|passwd)|/initial_root_password|/sites/default/settings",
    "",
    # A repository's browser shows such files to everybody; a desktop's file manager asks for its own over WebDAV.
    unless=r"/(blob|tree|raw|blame|commits?|plain|browse|edit|src/(branch|commit|tag|master|main))/.*/?\.?[\w.-]+"
    r"|/(web)?dav/[^?]*\.ds_store"
    r"|^/+\.well-known/(?:[a-z][\w-]*(/[\w.~-]*)?)?$|a=(blob|tree|commit|plain)",
    is_explicit=True,
)

LEFTOVER = Sign(
    "leftover",
    "a forgotten backup, dump or list of packages",
    LOOK,
    r"^[^?]*[^/?]\.(sql|bak|old|swp|swo|orig|save|backup|dump|copy|bkp|tmp|mdb|sqlite3?|db|bk|_bak|inc"
    r"|log\.\d)(\.(gz|bz2|zip|tar|xz|7z|rar|tgz))?\d?(\?|$)|^[^?]*\.(php|asp|aspx|jsp|html?|js)(~|\.(txt|1|bak\w*"
    r"|old|save|zip|gz))(\?|$)"
    r"|/(backups?|bak|bck|bk|back|dump|database|db|mysql|mysqldump|sql|data|www|wwwroot|webroot|web|htdocs|html"
    r"|public|public_html|site|website|wordpress|wp|full|latest|old|new|test|home|code|src|source|app|admin|release"
    r"|upload|files|archive|localhost|index|root|1|2)"
    r"[-_.\d]{0,12}(\.tar)?\.(zip|tar|tgz|gz|bz2|xz|rar|7z|sql)(\?|$)|^/+[a-z\d-]+([._-][a-z\d-]+)?\.(com|net|org"
    r"|info|biz|io|co|dev|app|xyz|de|fr|uk|nl|it|es|pl|ru|cn|br|in|eu|us|ca|au|jp)(\.tar)?\.(zip|tar|tgz|gz|rar|7z"
    r"|sql)(\?|$)"
    r"|^/+([^/?]+/)?(composer|package|package-lock|bower|packages)\.(json|lock)(\?|$)|^/+([^/?]+/)?(yarn\.lock"
    r"|gemfile(\.lock)?|requirements\.txt|pipfile|dockerfile|makefile|gruntfile\.js|webpack\.config\.js"
    r"|docker-compose\.ya?ml|thumbs\.db|phpunit\.xml|jenkinsfile|vagrantfile)(\?|$)"
    r"|/(laravel|error|errors|debug|access|php_errors?|error_log|npm-debug|wp-content/debug|install|production"
    r"|dev)\.log(\?|$)|/error_log(\?|$)|/sftp\.json|/ws_ftp\.(ini|log)",
    r"\.(sql|bak|old|swp|swo|orig|save|backup|dump|copy|bkp|tmp|mdb|sqlite|db|bk|_bak|inc|log\.|zip|tar|tgz|gz|bz2"
    r"|xz|rar|7z)|\.(php|asp|aspx|jsp|html?|js)(~|\.)"
    r"|/(composer|package|bower|yarn|gemfile|requirements|pipfile|dockerfile|makefile|gruntfile|webpack|docker-"
    r"|thumbs|phpunit|jenkinsfile|vagrantfile)|\.log|error_log|/sftp|/ws_ftp",
)

INTERNAL = Sign(
    "internal",
    "an interface that is meant for the inside",
    LOOK,
    r"^[^?]*/((server|nginx|fpm|php|apache|stub|jk|balancer)[-_](status|info|manager)|php-?_?info|actuator(/|\?|$)"
    r"|_profiler|telescope/requests|debug/(default|pprof|vars)|elmah\.axd|trace\.axd"
    r"|app_dev\.php|_ignition|__debug__|horizon/api|heapdump|jolokia|clockwork/app|rails/info|_debugbar|hystrix"
    r"|eureka/apps|gateway/routes|manage/(env|health|info|metrics|mappings|dump)"
    r"|(php)?(info|test|i|pinfo|phptest|phpversion|debug|time|old_phpinfo|infophp|_phpinfo|p|infos|php)\.php(\?|$)"
    r"|(php)?info\d*\.(php\d?|html?)"
    r"|(v\d(\.\d+)?/)?(containers|images)/json|v2/_catalog|v1/(agent/self|catalog/|kv/|sys/|status/leader)|v2/keys"
    r"|api/v1/(pods|namespaces|secrets|nodes|clusters)|apis/apps/|_cat/|_cluster/(health|settings|state)"
    r"|_nodes(/|$)|_all_dbs|_utils/|_stats$|_search$|_mapping$|api/(jsonws|session/properties|settings/logging)"
    r"|swagger[-_]?(ui|resources)?([./]|$)|v[23]/api-docs|api-docs|openapi\.(json|ya?ml)|metrics$|graphiql|altair$"
    r"|playground$"
    r"|wsman|druid/(index|login)|geoserver/|solr/|script$|asynchpeople|computer/|securityrealm|systeminfo$|ui/vault"
    r"|web/database/manager|xdebug|get_info$|info/refs$|api/(tags|generate|ps|v1/label)$|v1/models$)"
    r"|xdebug_session_start|__schema\b|introspectionquery|/status\?full",
    "",
    unless=_ASSET,
)

ADMIN = Sign(
    "admin",
    "an administration panel",
    LOOK,
    r"^[^?]*(phpmyadmin|phpmy-?admin|/php-?my\b|/pma[\d_-]*(/|\?|$)|/(my|db|sql|mysql|web)-?admin(er)?[\d.]*(/"
    r"|\.php|\?|$)|/adminer|/sqlite?manager|/sql(web|buddy)?(/|$)|/phppgadmin|/pgadmin"
    r"|/(host-)?manager/(html|text|status)|/admin(\.(php|aspx?|html?|jsp|cgi)|/login|istrator(/|\?|$)|/config"
    r"|/index|\?|$|/$|_?login|_area|panel|cp|console|/controlpanel|/admin)|/(user|site|cms)[-_]?admin(/|\?|$)"
    r"|/solr/admin|/jenkins(/|\?|$)|/console/(login|css/)|/(owa|ecp)(/|$)|/nacos/|/cpanel(/|$)|/whm(/|$)|/webmin"
    r"|/plesk|/typo3/|/bitrix/admin|/magento_admin|/wp-admin/(setup|install)|/zabbix/|/grafana/|/kibana/|/airflow/"
    r"|/cacti/"
    r"|/nagios\d?/|/roundcube|/horde/|/squirrelmail|/webdav(/|\?|$)|/joomla/admin|/simplesaml|/portainer|/rabbitmq"
    r"|/sonarqube|/phpldapadmin|/sitecore/(admin|login)|/umbraco|/sphider|/moderator(/|$)|/controlpanel|/myadmin)",
    "",
    unless=_ASSET,
)

DEVICE = Sign(
    "device",
    "a device's or appliance's page",
    LOOK,
    r"^[^?]*/(cgi-bin(/?$|/(luci|login|php|home|index|main|webif|webcm|config))|remote/(login|info|logincheck)"
    r"|dana-na|\+csco[eu]\+|global-protect|sslvpn|ssl-?vpn|sslmgr|rdweb|webfig|winbox|currentsetting\.htm"
    r"|dispatch\.asp|doc/page/login|isapi|onvif|cgi/conf|system_api\.php|c/version\.js|flu/403|view/viewer_index"
    r"|config/getuser|login\.(rsp|cgi)|web_shell_cmd|portal/(redlion|webclient)|userrpm|logon/logonpoint|vpn/index"
    r"|reportserver|robohelp|printers?/|hp/device|wan_dyn|home\.asp|top\.htm|menu\.htm|status\.htm|setup\.cgi"
    r"|manage/account/login|sess-bin|ui/login|api/sonicos|bin/login|cobbler|index\.cgi$)",
    "",
    unless=_ASSET,
)

CMS = Sign(
    "cms",
    "which software and version the site runs",
    LOOK,
    r"wlwmanifest\.xml|xmlrpc\.php\?rsd|/wp-content/(plugins|themes)/[^/?]+/(readme|changelog)|/wp-json/wp/v2/users"
    r"|rest_route=/wp/v2/users|^/+[^?/]*\?author=\d|/wp-(config-sample|settings|load|cron\.php\?|trackback|signup"
    r"|links-opml|activate)\.?"
    r"|^/+([^/?]+/)?(readme|license|changelog|install|upgrade|update|copyright|release-notes|version)\.(html?|txt"
    r"|md|php)(\?|$)|^/+([^/?]+/)?(install|setup|installer|installation)(\.php|/index\.php|/$|$)"
    r"|/administrator/manifests|/language/en-gb/"
    r"|/sites/all/(modules|themes)|/misc/drupal\.js|/core/changelog|magento_version|/typo3conf|/joomla\.xml"
    r"|/wp-(includes|content)/?$|/skin/frontend/?$|/user/register\?|/plugins/system/|/wp-admin/(install"
    r"|setup-config|upgrade)\.php",
    "",
    unless=_ASSET,
)

WEBSHELL = Sign(
    "webshell",
    "a web shell",
    SHELL,
    rf"/(c99|c100|r57|r58|b374k|wso|indoxploit|priv8|marijuana|leafmailer|xleet|fx29|locus|gfs|nst|nstview"
    rf"|mysql_web_interface|antichat|aspydrv|aspxspy|php-?spy|phpjackal|phvayv|predator|safe0ver|sincap|smevk"
    rf"|spygrup|stres|sosyete"
    rf"|zacosmall|zehir|ru24|rst|r00t|weevely|godzilla|behinder|antsword|chopper|caidao|ntdaddy|iskorpitx|dtool"
    rf"|erne|h4ntu|kadot|lama|liz0zim|simattacker|cgitelnet|alfa[-_]?(shell|cgi|tesla|rex|ioxi)?|alfanew|alfacgiapi"
    rf"|gel4y|0byte|an0n|bypass|mini[-_]?shell)[-_.\w]{{0,24}}{_SCRIPT}"
    rf"|/(web|php|cgi|cmd|my|dx|n|fx|mini|root|loc|simple|up|404|jsp|asp|aspx|j|wp)?[-_]?(shell|backdoor"
    rf"|cmd)[-_]?\d*{_SCRIPT}{_END}|/alfa_?data|alfacgiapi|/perl\.alfa|/alfaindex|/simple[-_]backdoor"
    rf"|/php[-_]backdoor",
    r"/(c99|c100|r57|r58|b374k|wso|indoxploit|priv8|marijuana|leafmailer|xleet|fx29|locus|gfs|nst"
    r"|mysql_web_interface|antichat|aspydrv|aspxspy|php|phvayv|predator|safe0ver|sincap|smevk|spygrup|stres|sosyete"
    r"|zacosmall|zehir|ru24|rst|r00t|weevely|godzilla|behinder|antsword|chopper|caidao|ntdaddy|iskorpitx|dtool|erne"
    r"|h4ntu|kadot|lama|liz0zim|simattacker|cgitelnet|alfa|gel4y|0byte|an0n|bypass|mini|simple)|shell|backdoor|cmd"
    r"|alfa",
    is_explicit=True,
)

BACKDOOR = Sign(
    "backdoor",
    "a script named or placed as back doors are",
    SHELL,
    rf"/(up|upl|ups|uploader|upfile|file[-_]?manager|fm|fileman|mini|radio|moon|cong|autoload_classmap|lock360"
    rf"|repeater|dropdown|moduless?|makeasmtp|mailer|mass|ioxi\w*|wp-(conflg|confiq|2019|22|headers|admins|sigunq"
    rf"|pano|one|ver|class|info|file)|blurbs"
    rf"|classwithtostring|wp_wrong_datlib|xmrlpc|xm1rpc|yanz|bless|akcc|baxa|system_log|worksec|owlmailer|symlink"
    rf"|config-?grabber|xx+|zz+|aa+|tes|cok|anon|sql|eval|pass|password|hack|fox|ant|mari|mar|inputs|atomlib|tmpls"
    rf"|sym|bogel|nee|rxr)\d?{_SCRIPT}{_END}"
    rf"|^/+(\d{{1,3}}|[a-z]\d?)\.php\d?{_END}"
    rf"|/(uploads?|wp-content/(uploads|languages|upgrade|cache|blogs\.dir)|wp-includes/(images|css|fonts"
    rf"|certificates|pomo|ixr|id3|simplepie|text|widgets|requests|rest-api|block-\w+|sitemaps|style-engine"
    rf"|php-compat|sodium_compat|assets|html-api)"
    rf"|wp-admin/(images|css|js|maint|network/images|user)|\.well-known|\.tmb|pki-validation"
    rf"|acme-challenge)/([^?]*/)?[^/?]+{_SCRIPT}{_END}",
    "",
)

PROTOCOL = Sign(
    "protocol",
    "another protocol, or a proxy that is open to all",
    LOOK,
    # TLS, RDP, SMB, SOCKS, a method and host as a forward proxy takes them, and what services say first.
    r"^\x16\x03|^\x03\x00|mstshash=|\xffsmb|^[\x04\x05][\x01-\x03]|^\x00|^ssh-2|^mglndd_|^jrmi|^giop|^t3 \d"
    r"|^\*\d\r?|^(dmdt|gh0st|stats|eval|env|quit|help|info)(\W|$)|^[\w-]+(\.[\w-]+)+:\d{2,5}$"
    r"|^\{\W*(id|method|params)\W|mining\.subscribe|^https?://[^/?]*(azenv|proxyjudge|judge|checkip|ipify|icanhazip"
    r"|ifconfig\.|httpbin|ip-api|ipinfo|myip|myexternalip|httpheader|check-host|baidu\.com|google\.com/?$"
    r"|yandex\.ru/?$|bing\.com/?$|cip\.cc|ip138)"
    r"|^[^/*?h\s][^/\s]{0,3}\x00",
    r"^[^/h]|^help|^https?://[^/?]*(azenv|judge|checkip|ipify|icanhazip|ifconfig|httpbin|ip-api|ipinfo|myip"
    r"|myexternalip|httpheader|check-host|baidu|google|yandex|bing|cip\.cc|ip138)"
    r"|mstshash|\xffsmb|mining",
)
