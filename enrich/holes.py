"""Addresses of known holes: whoever asks for one wants in, for nothing else is there.

Own selection of what has been exploited widely; the comments name the products. What the product's own users ask for,
too, is in `enrich.probes`.
"""

from enrich.sign import HOLE, Sign

_PHP = (
    # PHPUnit, ThinkPHP, Laravel Ignition, phpMyAdmin's set-up, Roundcube, Drupal; themes and plug-ins of WordPress.
    r"phpunit.{0,60}eval-stdin|/vendor/phpunit|\\think|think\\app|invokefunction|_ignition/execute-solution"
    r"|phpmyadmin[^?]*/scripts/setup\.php|^/+(\w+/)?scripts/setup\.php|/[^?]{0,40}msgimport\.sh|soapcaller\.bs"
    r"|element_parents=|ofc_upload_image|timthumb\.php$|revslider_show_image|action=duplicator_download"
    r"|/wp-file-manager/lib/|mosconfig_|/magmi/|/app/etc/(local\.xml|env\.php)|/dompdf\.php\?"
    r"|/(proxyheader|azenv|judge|proxyjudge)\w*\.php|phpmoadmin|/moadmin\.php|/upl\.php|/index\.php%3f\.php"
)
_DEVICES = (
    # Routers, cameras and recorders that worms look for.
    r"|/(boaform|gponform|hnap1)\b|/setup\.cgi\?|(tm|hnd)unblock\.cgi|/rom-0\b|/getcfg\.php|/device\.rsp\?"
    r"|/(picsdesc|wanipcn)\.xml|/ctrlt/|/tr064|/ud/act\?|/soap\.cgi\?|/goform/\w|/apply(_sec)?\.cgi|/dnscfg\.cgi"
    r"|/board\.cgi\?|/hedwig\.cgi|/cgi/networkdiag\.cgi|/rpc2_login|/language/swedish|/stssys\.htm|/zhttpd|/linuxki/"
    r"|/cgi-bin/(viewlog\.asp|nas_sharing|account_mgr|rtpd|firmware|syssz|webproc|supervisor|kerbynet|nobody|tools/"
    r"|php\d?(\.cgi|-cli|-cgi(\.bin)?)?(\?|$)|hi3510|adv_|config\.exp|user/config|test-cgi|printenv|status\b"
    r"|mainfunction|cstecgi|downloadcfg|guestimage|jarrewrite|slogin|logincheck|popen\.cgi|authlogin|weblogin"
    r"|export_debug|downloadflile)|/webcapture\.jpg|/evox/|/jaws\?|/adv,/|/shell\?cd|/server/node_upgrade_srv"
)
_CARDS = (
    # What scanners and worms leave as a calling card.
    r"|w00tw00t|muieblackcat|/nice%?\s?ports|nmaplowercheck|/nmap/folder|/trinity\.txt|/teorema\d|/zecmd|^/moo$"
    r"|/aaaaaaaaaa|/level/15/exec|acunetix[-_\s](wvs|test|invalid)|/acunetix|by_wvs|netsparker[(\d]|/w3af|/antsword"
    r"|/nikto[-.]|/sitescope/|/rce_poc|/sqlmap"
)
_JAVA = (
    # WebLogic, JBoss, Axis, Struts, Hadoop, Spark, Flink, Solr, Druid, Nacos, Confluence, Jira, Spring, TeamCity.
    r"|/(wls-wsat|_async|ws_utc)/|/invoker/(jmx|readonly|ejb)|/jmx-console|/web-console/(invoker|serverinfo)|/jbossws"
    r"|/axis2/|\.action\?(redirect|redirectaction|action|method):|/login!|/jars/upload|/v1/submissions/create"
    r"|/ws/v1/cluster/apps/new|/solr/[^?]{1,40}/(dataimport|config)|/druid/indexer|/nacos/v\d/|/functionrouter"
    r"|/pages/(doenterpagevariables|createpage-entervariables)|/template/aui/text-inline\.vm"
    r"|/setup/(setupadministrator|server-info)\.action|/_/;/|/actuator/gateway/routes|/console/(css|images)/(%|\.\.)"
    r"|/app/rest/users/id:1|/hax\?|/hudson/script"
)
_MICROSOFT = (
    # Exchange, IIS, SharePoint, Telerik; ColdFusion.
    r"|autodiscover\.json\?[^&=]*@|autodiscover\.json.{0,80}(powershell|/mapi|/ews)|/mapi/nspi"
    r"|/ecp/(y|default\.flt|current|proxylogon|[a-z]\.js)|/owa/auth/(x|errorfe|[a-z]\.js)|/aspnet_client/[^?]+\.aspx"
    r"|/toolpane\.aspx|telerik\.web\.ui\.webresource\.axd\?type=rau|/telerik\.web\.ui\.dialoghandler|cmd\.exe"
    r"|root\.exe"
    r"|\.(ida|idq|printer)\?|/msadc/|/cfide/(admin|componentutils|main/ide|wizards)|/cf_scripts/scripts/ajax/ckeditor"
    r"|/flex2gateway|/railo-context"
)
_APPLIANCES = (
    # Fortinet, Ivanti, Cisco, F5, Citrix, Palo Alto, Check Point, VMware, Zimbra, OFBiz, ScreenConnect, FreePBX.
    r"|/remote/(fgt_lang|hostcheck_validate)|/dana-(ws|cached)/|/dana-na/\.\.|user-backup-code|/[\s+]cscot[\s+]/"
    r"|/clients/mycrl"
    r"|/[\s+]csco[eu][\s+]/[^?]*(files|\.\.|portal_inc)|/tmui/|/mgmt/(tm|shared)/|/vpns/|/ssl-vpn/hipreport|/unauth/"
    r"|/global-protect/portal/images|/catalog-portal/ui|/vropspluginui|/analytics/telemetry/ph|/hybridity/"
    r"|/gsb/datetime"
    r"|/mifs/(\.|aad)|mboximport|/webtools/control/(x|pro|forgot|main)|/setupwizard\.aspx/|/aspera/faspex"
    r"|/awstats[^?]*\?configdir|/recordings/misc/|/(graph|getphpinfo)[^?]*getphpinfo|/public/plugins/[^?/]+/\.\."
)

EXPLOIT = Sign(
    "exploit",
    "a known hole in some product",
    HOLE,
    _PHP + _DEVICES + _CARDS + _JAVA + _MICROSOFT + _APPLIANCES,
    "",
    is_explicit=True,
)
