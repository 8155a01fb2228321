"""Signs of looking for a way in: what somebody asks for who tries what an owner may have left open.

Own selection, after what the CrowdSec hub's scenarios on sensitive files, admin interfaces and back doors and the Core
Rule Set's list of restricted files cover, and what scanners ask for. Where a name is ordinary on some site the sign is
not explicit.
"""

from enrich.sign import LOOK, Sign

_ASSET = r"\.(css|js|mjs|map|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|eot)(\?|$)"
"""A browser fetches these by itself to show a page: a panel that has pictures is a real one."""

_ARCHIVE = r"(\.tar)?\.(zip|tar|tgz|gz|bz2|xz|rar|7z|sql)(\?|$)"

SENSITIVE = Sign(
    "sensitive",
    "a file with secrets",
    LOOK,
    r"/\.+(env|git|svn|hg|bzr|cvs|aws|azure|ssh|gnupg|kube|minikube|docker|ht(passwd|access|digest|a\b)|ds_store"
    r"|vscode"
    r"|idea|netrc|pgpass|my\.cnf|s3cfg|boto|bash|zsh|\w*_?history|profile|pass(wd|word)?\b|pwd|credentials|secrets?"
    r"|config|ftpconfig|sftp|remote-sync|anydesk|terraform|vault|cursor|claude|openai|travis|gitlab|circleci"
    r"|subversion|settings|listing|user\.ini|viminfo|wp-config|\w+rc(\?|$|\.)|rhosts|forward|jupyter|ansible"
    r"|composer/"
    r"|cargo/|gem/|npm/|pki/|tor/|vim/|cache/|local/|cordova/|deployment|www_?acl|password-store|fish)"
    r"|/[\w.-]*\.env([.~_-]\w*)*(\?|$)|/env\.((\w+\.)?js|json|bak|backup|old|txt|save|php)(\?|$)|wp-config\b"
    r"|/(id_(rsa|dsa|ecdsa|ed25519)|authorized_keys)|/web\.config"
    r"|/(credentials|secrets?|passwords?|passwd|aws[-_]?(keys?|credentials)|api[-_]?keys?|private[-_]?keys?"
    r"|service-?account[\w-]*)\.(json|txt|csv|xml|ya?ml|toml|db|ini|zip|env|properties|bak)"
    r"|/config([-_.](dev|prod|production|local|test|sample|default|backup|old|inc|main|db|global))?"
    r"\.(ya?ml|inc|ini|bak|old|txt|toml|properties|php[._~-]\w*|inc\.php|save|swp)(\?|$)|/(inc|includes?)/config\.php"
    r"|/(sftp-config|firebase|local\.settings|appsettings[^/?]*|ftp-sync|auth)\.json(\?|$)"
    r"|/(application|bootstrap)[-_.]?\w*\.(properties|ya?ml)(\?|$)"
    r"|/(database|parameters|secrets|credentials|local|production|compose|docker-compose[^/?]*|wp-cli|serverless|aws"
    r"|user_secrets)\.ya?ml(\?|$)|/(localsettings|configuration|conf|database|connect)\.(php|py|inc)[._~-]\w*(\?|$)"
    r"|/settings\.py|/(proftpd|nginx|httpd)\.conf|/(my|php)\.ini(\?|$)|/(my|debian)\.cnf|/gitlab\.rb"
    r"|^[^?]*\.(pem|p12|pfx|ppk|jks|keystore|kdbx?|ovpn|tfstate|tfvars)(\.\w+)?(\?|$)"
    r"|/(private|privkey|server|ssl|localhost|domain|cert)[^/?]{0,20}\.key(\?|$)|/(master|shadow)\.(key|passwd)"
    r"|/initial_root_password|/sites/default/settings",
    "",
    # A repository's browser shows such files to everybody; a desktop's file manager asks for its own over WebDAV.
    unless=r"/(blob|tree|raw|blame|commits?|plain|browse|src/(branch|commit|tag|master|main))/.*/?\.?[\w.-]+"
    r"|/(web)?dav/[^?]*\.ds_store|a=(blob|tree|commit|plain)",
    is_explicit=True,
)

LEFTOVER = Sign(
    "leftover",
    "a forgotten backup, dump or list of packages",
    LOOK,
    r"^[^?]*[^/?]\.(sql|bak|old|swp|swo|orig|save|backup|dump|copy|bkp|mdb|sqlite3?|db|bk|_bak|inc|log\.\d)"
    r"(\.(gz|bz2|bzip2|zip|tar|xz|7z|rar|tgz|\d{3}))?\d?(\?|$)"
    r"|^[^?]*\.(php|asp|aspx|jsp|html?|js|json|ya?ml)(~|\.(txt|1|bak\w*|old|save|zip|gz))(\?|$)"
    r"|/(backups?|bak|bck|bk|dump|database|db|mysql|mysqldump|sql|www|wwwroot|webroot|htdocs|public_html|site|website"
    rf"|wordpress|wp)[-_.\d]{{0,12}}{_ARCHIVE}"
    r"|^/+((backups?|bak|back|old|restore|new|temp|tmp)/)?(data|web|html|public|full|latest|old|new|test|home|code"
    r"|src"
    r"|source|app|admin|release|upload|files|archive|localhost|index|root|1|2|credentials|secrets?)[-_.\d]{0,12}"
    rf"{_ARCHIVE}"
    r"|^/+((backups?|bak|back|old|restore)/)?[a-z\d-]+([._-][a-z\d-]+)?\.(com|net|org|info|biz|io|co|dev|xyz|de|fr|uk"
    rf"|nl|it|es|pl|ru|cn|br|in|eu|us|ca|au|jp){_ARCHIVE}"
    r"|^/+([^/?]+/)?((composer|package|package-lock|npm-shrinkwrap|bower)\.(json|lock)|yarn\.lock|gemfile(\.lock)?"
    r"|requirements\.txt|pipfile|dockerfile|makefile|gruntfile\.js|webpack\.config\.js|thumbs\.db|phpunit\.xml"
    r"|jenkinsfile|vagrantfile|web\.xml|weblogic\.xml|desktop\.ini)(\?|$)"
    r"|/(laravel|errors?|debug|access|php_errors?|npm-debug|yarn-(debug|error)|pm2|install|production|dev)\.log(\?|$)"
    r"|/vendor/composer/installed\.(json|php)(\?|$)"
    r"|/error_log(\?|$)|/ws_ftp\.(ini|log)|^/+([^/?]+/)?(config|configuration)\.php(\?|$)",
    r"\.(sql|bak|old|swp|swo|orig|save|backup|dump|copy|bkp|mdb|sqlite|db|bk|_bak|inc|log\.|zip|tar|tgz|gz|bz2|xz|rar"
    r"|7z)|\.(php|asp|aspx|jsp|html?|js|json|ya?ml)(~|\.)|/(composer|package|npm-|bower|yarn|gemfile|requirements"
    r"|pipfile|dockerfile|makefile|gruntfile|webpack|thumbs|phpunit|jenkinsfile|vagrantfile|web|desktop)"
    r"|\.log|error_log|/ws_ftp|/config",
)

INTERNAL = Sign(
    "internal",
    "an interface that is meant for the inside",
    LOOK,
    r"^[^?]*/((server|nginx|fpm|php|apache|stub|jk|balancer)[-_](status|info|manager)(/|\?|$|\.)|actuator(/|\?|$)"
    r"|_profiler|telescope/requests|debug/(default|pprof|vars)|elmah\.axd|trace\.axd|app_dev\.php|_ignition|__debug__"
    r"|horizon/api|heapdump$|clockwork/app|rails/info|_debugbar|hystrix(\.stream|/)|eureka/apps|asynchpeople"
    r"|securityrealm"
    r"|manage/(env|health|metrics|mappings|dump)|(php)?(info|test|i|pinfo|phptest|phpversion|debug|time|old_phpinfo"
    r"|infophp|_phpinfo|p|infos|php)\.php(\?|$)|(php-?_?)info\d*(\.(php\d?|html?))?(/|\?|$)"
    r"|(v\d(\.\d+)?/)?(containers|images)/json|v2/_catalog|v1/(agent/self|catalog/|kv/|status/leader)|v2/keys"
    r"|api/v1/(pods|namespaces|secrets)|apis/apps/|_cat/|_cluster/(health|settings|state)|_nodes(/|$)|_all_dbs"
    r"|_utils/|_stats$|_search$|_mapping$|api/(jsonws/invoke|session/properties)|v[23]/api-docs|swagger-?ui(/|\.html)"
    r"|swagger(/index\.html|/v\d|\.(json|ya?ml))|graphiql$|druid/index|web/database/manager|wsman(\?|$))"
    r"|^/+(\w+/)?(metrics|script|jolokia|heapdump|openapi\.(json|ya?ml)|api-docs|get_info|v1/models|altair)(/list)?$"
    r"|^/+(geoserver|solr|jolokia)/|xdebug_session_start|__schema\b|introspectionquery|/status\?full",
    "",
    unless=_ASSET,
    is_private=True,
)

ADMIN = Sign(
    "admin",
    "an administration panel",
    LOOK,
    r"/\w{0,3}php-?my-?admin[\d._-]*(old|bak|new|test|php)?\d*(-?(all-languages|english|utf-?8)[\w-]*)?(/|\.php|\?|$)"
    r"|^[^?]*(/php-?my(/|$)|/_?pma[\d_-]*(/|\?|$)|/(my|db|sql|mysql|web)-?admin(er|php)?[\d.]*(/|\.php|\?|$)"
    r"|/adminer[-\d.\w]*\.php|/adminer/?$|/sqlite-?manager|/sql(web|buddy)/|/phppgadmin|/phpldapadmin"
    r"|/(host-)?manager/(html|text|status)|/admin(\.(php|aspx?|html?|jsp|cgi)|/login|istrator(/|\?|$)|/config|/index"
    r"|\?|$|/$|_?login|_area|panel|cp|console|/controlpanel|/admin)|/(user|site|cms)[-_]?admin(/|\?|$)|/solr/admin"
    r"|/console/(login|css/)|/(owa|ecp)(/|$)|/bitrix/admin|/wp-admin/(setup|install)|/webdav(/|\?|$)"
    r"|/simplesaml|/sitecore/(admin|login)|/moderator(/|$)|/joomla/admin|/magento_admin|/webmail/?$)"
    r"|^/+(nacos|jenkins|cpanel|whm|webmin|plesk|typo3|zabbix|grafana|kibana|airflow|cacti|nagios\d?|horde|roundcube"
    r"|squirrelmail|portainer|rabbitmq|sonarqube|umbraco|sphider|controlpanel|freepbx|a2billing|vtigercrm|druid"
    r"|pgadmin"
    r"|seeyon|manager|hudson|phpmyfaq|myadmin\w*)(/|\?|$)",
    "",
    unless=_ASSET,
)

DEVICE = Sign(
    "device",
    "a device's or appliance's page",
    LOOK,
    r"^[^?]*/(cgi-bin(/?$|/(luci|login|webif|webcm|config))|remote/(login|logincheck|info$)|dana-na/"
    r"|[\s+]csco[eu][\s+]"
    r"|global-protect/|sslvpn(_|/|\?|$)|sslmgr|rdweb(/|$)|webfig/|winbox|currentsetting\.htm|dispatch\.asp"
    r"|doc/page/login"
    r"|isapi/|onvif/|cgi/conf\.bin|system_api\.php|c/version\.js|flu/403|view/viewer_index|config/getuser"
    r"|login\.(rsp|cgi)"
    r"|portal/(redlion|webclient)|userrpm/|logon/logonpoint|vpn/index\.html|reportserver(/|$)|hp/device|wan_dyn"
    r"|setup\.cgi"
    r"|manage/account/login|sess-bin|ui/login\.(jsp|action|html)|api/sonicos|cobbler_api|stalker_portal|webinterface/"
    r"|streaming/clients_live|human\.aspx|guestaccess\.aspx|mifs/|commandcenter/)|^/+sdk(/vimservice)?$",
    "",
    unless=_ASSET,
    is_private=True,
)

CMS = Sign(
    "cms",
    "a piece of software, to see whether it is there",
    LOOK,
    r"wlwmanifest\.xml|xmlrpc\.php\?rsd|/wp-content/(plugins|themes)/[^/?]+/(readme|changelog)|/wp-json/wp/v2/users"
    r"|rest_route=/wp/v2/users|^/+[^?/]*\?author=\d|/wp-(settings|load|links-opml|activate)\.php"
    r"|^/+((wp|wordpress|blog|site|cms|shop|forum|drupal|joomla|magento)/)?((readme|changelog|license|copyright"
    r"|upgrade)"
    r"\.(txt|md|php)|readme\.html|(install|setup|upgrade)\.php)(\?|$)|/(install|installation|installer)/index\.php"
    r"|/administrator/manifests|/language/en-gb/|/sites/all/(modules|themes)|/misc/drupal\.js|/core/changelog"
    r"|magento_version|/typo3conf|/joomla\.xml|/wp-(includes|content)/?$|/user/register\?|/downloader/(index\.php)?$"
    r"|/wp-admin/(install|setup-config|upgrade)\.php|/_vti_(bin|pvt|inf|cnf)\b"
    # Editors and uploaders with a file manager, which many sites had and few needed.
    r"|elfinder[^?]*/connector|/connector(\.minimal)?\.php|/(fck|ck)(editor|finder)/.{0,60}(filemanager|connector"
    r"|upload"
    r"|browse|install|fckeditor\.js)|/kcfinder/|/uploadify\.php|/filemanager/(dialog|php|upload)"
    r"|/jquery[-.]file[-_]?upload"
    r"|/server/php/(upload|index)|/com_(jce|fabrik|jdownloads|sexycontactform)\b|/assetmanager\.asp",
    "",
)

PROTOCOL = Sign(
    "protocol",
    "another protocol, or a proxy that is open to all",
    LOOK,
    # TLS, RDP, SMB, SOCKS, a host as a forward proxy takes it, and what other services' clients say first.
    r"^[\x14-\x17]\x03|^\x03\x00|mstshash=|[\xfe\xff]smb|^[\x04\x05][\x01-\x03]|^\x00|^[^/*h\s][^/\s]{0,3}\x00|^ssh-2"
    r"|^(sips?:|rtsp://)|^mglndd_|^jrmi|^giop|^t3\s\d|^\*\d\r?|^(dmdt|gh0st|stats|eval|env|quit|help|info)(\W|$)"
    r"|^[\w-]+(\.[\w-]+)+:\d{2,5}$"
    r"|^\{\W*(id|method|params)\W|mining\.subscribe"
    # Pages that show what a proxy lets through.
    r"|^https?://[^/?]*(azenv|judge|checkip|ipify|icanhazip|ifconfig\.|httpbin|ip-api|ipinfo|myip|myexternalip"
    r"|httpheader"
    r"|check-host|baidu\.com|google\.com(:\d+)?/?$|yandex\.ru/?$|bing\.com/?$|cip\.cc|ip138)",
    r"^[^/h]|^help|^https?://[^/?]*(azenv|judge|checkip|ipify|icanhazip|ifconfig|httpbin|ip-api|ipinfo|myip"
    r"|myexternalip"
    r"|httpheader|check-host|baidu|google|yandex|bing|cip\.cc|ip138)|mstshash|[\xfe\xff]smb|mining|^http\W",
    is_private=True,
)
