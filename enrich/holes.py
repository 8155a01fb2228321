"""Addresses of known holes: whoever asks for one wants in, for nothing else is there.

Own selection of what has been exploited widely; the comments name the products.
"""

from enrich.sign import HOLE, Sign

_PATTERN = (
    # PHP: PHPUnit, ThinkPHP, Laravel Ignition, PHP-CGI, Adminer's and phpMyAdmin's set-up.
    r"phpunit.{0,60}eval-stdin|/vendor/phpunit|\\think|think\\app|invokefunction|_ignition/execute-solution"
    r"|/phpmyadmin[^?]*/scripts/setup\.php"
    r"|^/+scripts/setup\.php|/(roundcube|webmail|mail)[^?]{0,40}msgimport|soapcaller\.bs|element_parents="
    r"|/user/password&name\["
    # File managers and uploaders of editors and themes; WordPress, Joomla, Magento.
    r"|elfinder[^?]*/connector|/connector(\.minimal)?\.php|/(fck|ck)editor/.{0,60}(filemanager|connector|upload"
    r"|browse|fckeditor\.js)"
    r"|/kcfinder/|uploadify\.(php|swf|css)|/filemanager/(dialog|php|upload)|ofc_upload_image"
    r"|/jquery[-.]file[-_]?upload/|/server/php/(upload|index)"
    r"|timthumb\.php|revslider_(show|ajax)|action=(duplicator_download|nopriv_|wpdm_)|/wp-file-manager/|/com_(jce"
    r"|fabrik|jdownloads|media|sexycontactform)\b"
    r"|mosconfig_|/magmi/|/app/etc/(local\.xml|env\.php)|/downloader/index\.php|/errors/503\.php|/(pdfgenerator"
    r"|dompdf)\.php"
    # Routers, cameras and recorders that worms look for.
    r"|/(boaform|gponform|hnap1)\b|/setup\.cgi\?|(tm|hnd)unblock\.cgi|/rom-0\b|/getcfg\.php|/device\.rsp\?"
    r"|/(picsdesc|wanipcn)\.xml|/ctrlt/|/tr064|/ud/act\?"
    r"|/soap\.cgi\?|/goform/\w|/apply(_sec)?\.cgi|/dnscfg\.cgi|/board\.cgi\?|/language/swedish|/stssys\.htm"
    r"|/(api/)?edge/\w+\.cgi|/nvr/|/zhttpd|/cgi-bin/"
    r"(viewlog\.asp|nas_sharing|account_mgr|rtpd|firmware|syssz|webproc|supervisor|kerbynet|nobody|tools/|php(\d"
    r"|\.cgi|\?|$)|hi3510|adv_|config\.exp|user/config"
    r"|test-cgi|printenv|status\b|mainfunction|cstecgi|downloadcfg|guestimage|snapshot|jarrewrite|shortcut_telnet"
    r"|slogin|logincheck|ping\.|webctrl|popen\.cgi"
    r"|authlogin|weblogin|handler|export_debug|downloadflile|\.cgi)|/webcapture\.jpg|/evox/|/sdk(/vimservice)?$"
    r"|/jaws|/cdn-cgi/\.\.|/adv,/"
    # Scanners' and worms' calling cards.
    r"|w00tw00t|muieblackcat|/nice%? ?ports|nmaplowercheck|/nmap/|/trinity\.txt|/teorema|/zecmd|/moo$|/aaaaaaaaaa"
    r"|/level/15/exec|/hudson/script|acunetix|netsparker"
    r"|/w3af|/nikto-|/wvs[-_]|phpmoadmin|/moadmin\.php|/antsword|/rce_poc|/nuclei"
    # Java: WebLogic, JBoss, Axis, Struts, Hadoop, Spark, Flink, Solr, Druid, Nacos, Confluence, Jira, Spring.
    r"|/(wls-wsat|_async|ws_utc)/|/invoker/(jmx|readonly|ejb)|/jmx-console|/web-console/(invoker|serverinfo)"
    r"|/jbossws|/axis2/|\.action\?(redirect|method)"
    r"|/login!|/jars/upload|/v1/submissions/create|/ws/v1/cluster/apps/new|/solr/[^?]{1,40}/(dataimport|config)"
    r"|/druid/indexer|/nacos/v\d/|/functionrouter"
    r"|/pages/(doenterpagevariables|createpage-entervariables)|/template/aui/text-inline\.vm"
    r"|/setup/(setupadministrator|server-info)\.action|/_/;/"
    r"|/secure/(querycomponent|contactadministrators)|/actuator/gateway/routes|/console/(css|images)/(%|\.\.)"
    r"|/bonita/|/app/rest/users/id:1|/hax\?"
    # Microsoft: Exchange, SharePoint, IIS, Telerik; ColdFusion.
    r"|/autodiscover\.json|/ecp/(y|default\.flt|current|proxylogon|[a-z]\.js)|/owa/auth/(x|errorfe|[a-z]\.js)"
    r"|/mapi/nspi|/aspnet_client/[^?]+\.aspx"
    r"|/_vti_(bin|pvt|inf)\b|/toolpane\.aspx|telerik\.web\.ui\.webresource\.axd|/dialoghandler\.aspx|cmd\.exe"
    r"|root\.exe|\.(ida|idq|printer)\?|/msadc/"
    r"|/cfide/|/cf_scripts/|/flex2gateway|/railo-context"
    # Appliances: Fortinet, Ivanti, Cisco, F5, Citrix, Palo Alto, VMware, MobileIron, Zimbra, OFBiz; MOVEit, CrushFTP.
    r"|/remote/(fgt_lang|hostcheck_validate|error\?)|/dana-(ws|cached)/|/dana-na/\.\.|user-backup-code|/\+cscot\+/"
    r"|/\+csco[eu]\+/[^?]*(files|\.\.|portal_inc)"
    r"|/tmui/|/mgmt/(tm|shared)/|/vpns/|/ssl-vpn/hipreport|/global-protect/(portal/images|prelogin)"
    r"|/catalog-portal/|/vropspluginui|/analytics/telemetry|/hybridity/"
    r"|/mifs/|mboximport|/webtools/control|/setupwizard\.aspx/|/(human|guestaccess)\.aspx|/moveitisapi"
    r"|/webinterface/function|/zabbix\.php\?|/aspera/faspex"
    r"|/awstats[^?]*\?configdir|/a2billing|/vtigercrm|/recordings/(misc|index\.php)|/freepbx/|/(graph"
    r"|getphpinfo)[^?]*getphpinfo|/owncloud/apps/graphapi"
    r"|/streaming/clients_live|/stalker_portal/|/public/plugins/[^?/]+/\.\.|/api/jsonws/|/linuxki/|/upl\.php"
    r"|/proxyheader\.php|/judge\.php|/azenv"
)

EXPLOIT = Sign("exploit", "a known hole in some product", HOLE, _PATTERN, "", is_explicit=True)
